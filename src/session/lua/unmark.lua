#!lua flags=allow-oom
-- unmark.lua: take the dirty mark from a session that has nothing unsynced. No script leaves one; a damaged file may.
-- ARGV 1 conversation id  2 TTL in seconds
-- Returns 1 when there was one to take, else 0.
local session = read_session()
if not session or session.last > session.synced then return 0 end
local was_dirty = redis.call('ZREM', KEYS[3], ARGV[1])
if was_dirty == 1 then expire_session(ARGV[1], tonumber(ARGV[2])) end
return was_dirty
