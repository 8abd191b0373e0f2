copy (select {expressions} from ({select}) as q) to stdout (format binary)
