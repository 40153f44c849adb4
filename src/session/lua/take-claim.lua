#!lua
-- take-claim.lua: claim an idempotency key, or learn who has it.
-- KEYS 1 claim (hash)
-- ARGV 1 digest of the body  2 conversation id  3 turn id  4 ms until the claim lapses  5 ms until it is forgotten
-- Returns { state, conversation id, turn id }; states: 0 taken  1 resumed from a lapsed claim  2 answered
--         3 in progress  4 the key stands for another body
local claim = redis.call('HMGET', KEYS[1], 'body', 'conversation', 'turn', 'answered', 'lapses')
local now = now_ms()
if claim[1] then
  if claim[1] ~= ARGV[1] then return { 4, '', '' } end
  if claim[4] == '1' then return { 2, claim[2], claim[3] } end
  if tonumber(claim[5]) > now then return { 3, '', '' } end
  redis.call('HSET', KEYS[1], 'lapses', now + ARGV[4])
  return { 1, claim[2], claim[3] }
end
redis.call('HSET', KEYS[1], 'body', ARGV[1], 'conversation', ARGV[2], 'turn', ARGV[3],
  'answered', '0', 'lapses', now + ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return { 0, ARGV[2], ARGV[3] }
