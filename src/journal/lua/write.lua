#!lua
-- write.lua: put down what was said since, and that the holder is alive.
-- KEYS 1 answers  2 head  3 events
-- ARGV 1 member  2 holder  3 ms until it counts as dead  4 ms until it is forgotten  5 most entries to keep
--      6 events, or '' when there are none
-- Returns ALIVE, STOP when somebody wants no more of it, TAKEN, or ABSENT.
local head = redis.call('HMGET', KEYS[2], 'holder', 'ended', 'stop')
local reply = lost(head, ARGV[2])
if reply then return reply end
if ARGV[6] ~= '' then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], '*', 'e', ARGV[6])
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('ZADD', KEYS[1], now_ms() + ARGV[3], ARGV[1])
return head[3] and STOP or ALIVE
