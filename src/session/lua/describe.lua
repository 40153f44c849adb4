#!lua flags=no-writes
-- describe.lua: what is known of a session besides its turns, where no archive knows it.
-- ARGV 1 conversation id  2 owner  3 epoch
-- Returns { last, created at, newest turn or '', metadata or '', '1' when archived, how often it was changed,
--           keyring, title, its key }, or MISSING, STALE, FOREIGN.
local session, refusal = trusted_session(ARGV[2], ARGV[3])
if not session then return refusal end
local said = redis.call('HMGET', KEYS[1], 'metadata', 'is_archived', 'changes')
return { session.last, session.created_at, redis.call('LINDEX', KEYS[2], -1) or '', said[1] or '', said[2] or '',
  said[3] or '0', kept_with_turns() }
