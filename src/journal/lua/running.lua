#!lua flags=no-writes
-- running.lua: the answers that run in a conversation.
-- KEYS 1 answers
-- ARGV 1 conversation id  2 what the keys of the conversation begin with
-- Returns a list of { turn id, owner, ms at which it began }.
-- The keys of the answers are built here from the conversation's own prefix, so they live in the slot of KEYS.
local running = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if string.sub(member, 1, #ARGV[1]) == ARGV[1] then
    local turn_id = string.sub(member, #ARGV[1] + 2)
    local head = redis.call('HMGET', ARGV[2] .. 'answering:' .. turn_id, 'owner', 'started', 'ended')
    if head[1] and not head[3] then running[#running + 1] = { turn_id, head[1], tonumber(head[2]) } end
  end
end
return running
