#!lua flags=allow-oom
-- erase.lua: remove a session whatever it holds: the user, or the archive's tombstone, said so.
-- ARGV 1 conversation id
-- Returns 1.
remove_session(ARGV[1])
return 1
