#!lua
-- hit.lua: count one request of a caller in the current window.
-- KEYS 1 window
-- ARGV 1 length of the window in ms
-- Returns { requests in this window, ms until it ends }.
local hits = redis.call('INCR', KEYS[1])
if hits == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return { hits, redis.call('PTTL', KEYS[1]) }
