#!lua flags=no-writes
-- read.lua: what was said after an entry, and how the answer is.
-- KEYS 1 answers  2 head  3 events
-- ARGV 1 member  2 id of the entry, or ''  3 most entries to give
-- Returns { state, owner, keyring, entries }; states: 0 absent  1 running  2 dead  3 taken over  4 ended
local head = redis.call('HMGET', KEYS[2], 'owner', 'keyring', 'taken', 'ended')
if not head[1] then return { 0, '', '', {} } end
local deadline = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
local state = head[4] and 4 or deadline < now_ms() and 2 or head[3] and 3 or 1
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
return { state, head[1], head[2], redis.call('XRANGE', KEYS[3], from, '+', 'COUNT', ARGV[3]) }
