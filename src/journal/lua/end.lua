#!lua
-- end.lua: put down the last events; readers that are behind have a while to come to them.
-- KEYS 1 answers  2 head  3 events
-- ARGV 1 member  2 holder  3 ms until it is forgotten, 0: at once  4 events
-- Returns ALIVE, TAKEN, or ABSENT.
local reply = lost(redis.call('HMGET', KEYS[2], 'holder', 'ended'), ARGV[2])
if reply then return reply end
if tonumber(ARGV[3]) == 0 then
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('ZREM', KEYS[1], ARGV[1])
  return ALIVE
end
redis.call('XADD', KEYS[3], '*', 'e', ARGV[4])
redis.call('HSET', KEYS[2], 'ended', '1')
redis.call('HDEL', KEYS[2], 'contents')
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
redis.call('ZADD', KEYS[1], now_ms() + ARGV[3], ARGV[1])
return ALIVE
