#!lua flags=allow-oom
-- erase.lua: remove a session whatever it holds: the user, or the archive's tombstone, said so.
-- KEYS 5 answers (sorted set)
-- ARGV 1 conversation id  2 seconds for which nobody may fill it again  3 seq above which its turns are given back, or ''
--      4 what the keys of the conversation begin with
-- Returns { 1 when there was one, its turns above that seq, oldest first }.
-- The keys of its running answers are built here from its own prefix, so they live in the slot of KEYS.
local existed = redis.call('EXISTS', KEYS[2])
local session = ARGV[3] ~= '' and read_session()
local turns = session and redis.call('LRANGE', KEYS[2], math.max(0, ARGV[3] - session.base), -1) or {}
remove_session(ARGV[1])
for _, member in ipairs(redis.call('ZRANGE', KEYS[5], 0, -1)) do
  if string.sub(member, 1, #ARGV[1]) == ARGV[1] then
    local turn_id = string.sub(member, #ARGV[1] + 2)
    redis.call('DEL', ARGV[4] .. 'answering:' .. turn_id, ARGV[4] .. 'answer:' .. turn_id)
    redis.call('ZREM', KEYS[5], member)
  end
end
redis.call('HSET', KEYS[1], 'erased', 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return { existed, turns }
