#!lua flags=allow-oom
-- distrust.lua: the archive has turns that this session lacks: whoever wants it next has to discard it first.
-- ARGV 1 conversation id
-- Returns 1.
local session = read_session()
if is_erased() then return 1 end
-- Where there is none, whoever is about to fill it may have read the archive too early.
if session then distrust(ARGV[1], session) else remove_session(ARGV[1]) end
return 1
