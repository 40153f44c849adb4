#!lua flags=allow-oom
-- drop.lua: remove a session that has nothing unsynced; the archive fills it again when it is wanted.
-- ARGV 1 conversation id  2 last seq that it has to have still, or ''  3 how often it has been changed, or ''
-- Returns 1 when nothing is left of it, DIRTY when it holds turns that the archive may not have, or CHANGED.
if is_erased() then return 1 end
local session = read_session()
if session and session.last > session.synced then return DIRTY end
if session and ARGV[2] ~= '' and session.last ~= tonumber(ARGV[2]) then return CHANGED end
if session and ARGV[3] ~= '' and (redis.call('HGET', KEYS[1], 'changes') or '0') ~= ARGV[3] then return CHANGED end
remove_session(ARGV[1])
return 1
