#!lua flags=allow-oom
-- stop.lua: tell the holder of an answer that nobody wants more of it.
-- KEYS 1 head
-- Returns 1, or 0 when it has ended or is not there.
local head = redis.call('HMGET', KEYS[1], 'holder', 'ended')
if not head[1] or head[2] then return 0 end
redis.call('HSET', KEYS[1], 'stop', '1')
return 1
