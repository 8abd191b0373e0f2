"""Yahoo as a source of prices, sectors and short interest, through yfinance."""
