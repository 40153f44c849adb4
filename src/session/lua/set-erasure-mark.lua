#!lua flags=allow-oom
-- set-erasure-mark.lua: a user erases everything: turns that are under way by now learn of it by this mark.
-- KEYS 1 erasure mark (string)
-- ARGV 1 mark, another one each time  2 ms for which a turn may be under way, or abandoned
-- Returns 1.
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
