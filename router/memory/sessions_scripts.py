"""The Lua scripts of sessions: messages and their label change atomically.

A label that is read in one step and written in another could be lowered by a writer in between.
"""

from __future__ import annotations

# KEYS: messages, label, all sessions. ARGV: label of these messages, milliseconds to live, how many
# messages are kept, the session's name, now and the oldest use that counts (epoch seconds of the
# client), then the messages. Answers the session's label, which only ever rises.
APPEND = """
local STRICTNESS = {public = 0, internal = 1, local_only = 2}
local label = STRICTNESS[ARGV[1]] and ARGV[1] or 'local_only'
local held = redis.call('GET', KEYS[2])
if held and not STRICTNESS[held] then held = 'local_only' end
if held and STRICTNESS[held] > STRICTNESS[label] then label = held end
local time = redis.call('TIME')
-- One moment for all of them: no message outlives its label.
local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2])
-- The label first: what fails in between must not leave a message without it.
if label ~= 'public' then
  redis.call('SET', KEYS[2], label)
  redis.call('PEXPIREAT', KEYS[2], ends)
end
for at = 7, #ARGV do redis.call('RPUSH', KEYS[1], ARGV[at]) end
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[3]), -1)
redis.call('PEXPIREAT', KEYS[1], ends)
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[6])
redis.call('PEXPIREAT', KEYS[3], ends)
return label
"""

# KEYS: messages, label. Returns both in one step; within a script nothing expires.
RECALL = """
return {redis.call('LRANGE', KEYS[1], 0, -1), redis.call('GET', KEYS[2])}
"""

# KEYS: an answer. ARGV: the value that was read. A newer value stays.
DELETE_IF_SAME = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
