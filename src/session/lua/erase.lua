#!lua flags=allow-oom
-- erase.lua: remove a session whatever it holds: the user, or the archive's tombstone, said so.
-- KEYS 5 answers (sorted set)
-- ARGV 1 conversation id  2 seconds for which nobody may fill it again  3 what the keys of the conversation begin with
-- Returns 1.
-- The keys of its running answers are built here from its own prefix, so they live in the slot of KEYS.
remove_session(ARGV[1])
for _, member in ipairs(redis.call('ZRANGE', KEYS[5], 0, -1)) do
  if string.sub(member, 1, #ARGV[1]) == ARGV[1] then
    local turn_id = string.sub(member, #ARGV[1] + 2)
    redis.call('DEL', ARGV[3] .. 'answering:' .. turn_id, ARGV[3] .. 'answer:' .. turn_id)
    redis.call('ZREM', KEYS[5], member)
  end
end
redis.call('HSET', KEYS[1], 'erased', 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
