#!lua flags=allow-oom
-- distrust.lua: the archive has turns that this session lacks: whoever wants it next has to discard it first.
-- ARGV 1 conversation id
-- Returns 1.
local session = read_session()
if not session then return 1 end
if session.synced == session.last then
  remove_session(ARGV[1])
else
  redis.call('HSET', KEYS[1], 'epoch', '')
end
return 1
