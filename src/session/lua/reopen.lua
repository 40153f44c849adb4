#!lua flags=allow-oom
-- reopen.lua: the conversation was not erased after all.
-- ARGV 1 conversation id
-- Returns 1.
if is_erased() then remove_session(ARGV[1]) end
return 1
