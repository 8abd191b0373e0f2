-- Every commit, and every change of who may read, is told on this channel.
listen sigmasight_changes
