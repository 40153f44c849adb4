#!lua
-- restore.lua: fill an absent session with the newest turns of the archive; all of them are synced.
-- ARGV 1 conversation id  2 owner  3 epoch  4 created at (ms)  5 last seq  6 TTL in seconds  7 ticket from before the look
--      8 keyring, or ''  9 … turns, oldest first
-- Returns 1 when filled, 0 when anything happened to the session since the ticket was given out: the archive may have more.
if redis.call('HGET', KEYS[1], 'ticket') ~= ARGV[7] then return 0 end
remove_session(ARGV[1])
local turns = #ARGV - 8
-- One by one: unpack() refuses more than some 8,000 arguments.
for index = 9, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[index]) end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'epoch', ARGV[3], 'created_at', ARGV[4],
  'base', ARGV[5] - turns, 'last', ARGV[5], 'synced', ARGV[5])
if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], 'data_key', ARGV[8]) end
expire_session(ARGV[1], tonumber(ARGV[6]))
return 1
