#!lua flags=allow-oom
-- take-over.lua: become the holder of an answer whose holder is dead, in order to keep what was said.
-- KEYS 1 answers  2 head  3 events
-- ARGV 1 member  2 the new holder  3 ms until that one counts as dead
-- Returns { owner, keyring, contents }, or { } when there is nothing to take over.
local deadline, now = redis.call('ZSCORE', KEYS[1], ARGV[1]), now_ms()
if not deadline or tonumber(deadline) >= now then return {} end
local head = redis.call('HMGET', KEYS[2], 'owner', 'keyring', 'contents', 'ended')
if not head[1] or head[4] then
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('ZREM', KEYS[1], ARGV[1])
  return {}
end
redis.call('HSET', KEYS[2], 'holder', ARGV[2], 'taken', '1')
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return { head[1], head[2], head[3] }
