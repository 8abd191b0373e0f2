select {columns} from {rows}
