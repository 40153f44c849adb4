#!lua flags=no-writes
-- dead.lua: answers of a partition whose holder gives no sign of life, and ended ones that nobody reads any more.
-- KEYS 1 answers
-- ARGV 1 most to give
-- Returns their members.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now_ms(), 'LIMIT', 0, ARGV[1])
