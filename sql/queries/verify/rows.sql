select {columns}, commit_id
from {table}
where session between %(start)s and %(end)s and ({foreign}) is not true
