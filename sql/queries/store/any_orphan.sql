-- Does the table hold rows of slices the manifest does not know?
select exists (select from {table} where session between %(start)s and %(end)s)
   and exists (select from {table} t join {slices} c on {same_slice})
