#!lua
-- reserve.lua: before the archive is read for an absent session: what is read counts only if nothing happens meanwhile.
-- ARGV 1 conversation id  2 ticket to give out where there is none yet  3 seconds until it lapses
-- Returns { ticket } to show to restore; { } when there is a session, or it was erased.
-- A ticket lies where the session will: whatever creates, removes or distrusts that takes the ticket with it.
if read_session() or is_erased() then return {} end
local ticket = redis.call('HGET', KEYS[1], 'ticket')
if ticket then return { ticket } end
remove_session(ARGV[1])
redis.call('HSET', KEYS[1], 'ticket', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return { ARGV[2] }
