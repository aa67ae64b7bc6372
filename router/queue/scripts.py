"""The queue's Lua scripts; each step is atomic, so a crash leaves none half done."""

from __future__ import annotations

_NOW = """
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
"""
# Redis' own clock, as the workers' clocks may differ.

# KEYS: task, ready, delayed, tenants, idempotency ('' for none), rate
# ARGV: member, task, capability, tenant, offset, delay, most, most a minute, quantum,
#       ttl of the key, expires after (0: never), priority, id
SUBMIT = (
    _NOW
    + """
if KEYS[5] ~= '' then
  local there = redis.call('GET', KEYS[5])
  if there then return {0, there} end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return {0, ARGV[1]} end
local waiting = redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3])
if waiting >= tonumber(ARGV[7]) then return {-1, tostring(waiting)} end
if tonumber(ARGV[8]) > 0 then
  local count = redis.call('INCR', KEYS[6])
  if count == 1 then redis.call('EXPIRE', KEYS[6], 60) end
  if count > tonumber(ARGV[8]) then return {-2, tostring(redis.call('TTL', KEYS[6]))} end
end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
local turn = math.max(now, tonumber(redis.call('ZSCORE', KEYS[4], ARGV[4]) or '0'))
redis.call('ZADD', KEYS[4], turn + tonumber(ARGV[9]), ARGV[4])
redis.call('EXPIRE', KEYS[4], 86400)
local place = turn + tonumber(ARGV[5])
local expires = tonumber(ARGV[11])
if expires > 0 then expires = now + expires end
redis.call('HSET', KEYS[1], 'task', ARGV[2], 'state', 'queued', 'capability', ARGV[3],
  'tenant', ARGV[4], 'submitted', now, 'runs', 0, 'expires', expires, 'place', place,
  'priority', ARGV[12], 'failures', 0, 'id', ARGV[13])
local delay = tonumber(ARGV[6])
if delay > 0 then redis.call('ZADD', KEYS[3], now + delay, ARGV[1])
else redis.call('ZADD', KEYS[2], place, ARGV[1]) end
if KEYS[5] ~= '' then redis.call('SET', KEYS[5], ARGV[1], 'EX', ARGV[10]) end
return {1, ARGV[1]}
"""
)

# Numbers are passed as text: Lua would truncate them to integers.
# KEYS: ready, delayed, binding, running
# ARGV: prefix of task keys, worker, ttl of the binding, prefix of event keys, ttl of events
CLAIM = (
    _NOW
    + """
local function take(id)
  redis.call('HSET', ARGV[1] .. id, 'state', 'running', 'worker', ARGV[2], 'started', now,
    'binding', KEYS[3])
  redis.call('ZADD', KEYS[4], now, id)
  local run = redis.call('HINCRBY', ARGV[1] .. id, 'runs', 1)
  redis.call('XADD', ARGV[4] .. id, '*', 'event',
    cjson.encode({type = 'started', worker = ARGV[2], run = run}))
  redis.call('EXPIRE', ARGV[4] .. id, ARGV[5])
  local told = redis.call('HMGET', ARGV[1] .. id, 'task', 'failures', 'expires')
  return {id, run, tostring(now), told[1] or '', told[2] or '0', told[3] or '0'}
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZADD', KEYS[1], redis.call('HGET', ARGV[1] .. id, 'place') or now, id)
end
local bound = redis.call('GET', KEYS[3])
if bound then
  local key = ARGV[1] .. bound
  if redis.call('HGET', key, 'state') == 'running'
  and redis.call('HGET', key, 'binding') == KEYS[3] then return take(bound) end
  redis.call('DEL', KEYS[3])
end
while true do
  local next = redis.call('ZPOPMIN', KEYS[1])
  if #next == 0 then return {''} end
  if redis.call('HGET', ARGV[1] .. next[1], 'state') == 'queued' then
    redis.call('SET', KEYS[3], next[1], 'EX', ARGV[3])
    return take(next[1])
  end
end
"""
)

# Renews the lease of a run. KEYS: task, running; ARGV: run, member
RENEW = (
    _NOW
    + """
if redis.call('HGET', KEYS[1], 'runs') ~= ARGV[1]
or redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 'lost' end
redis.call('ZADD', KEYS[2], now, ARGV[2])
return redis.call('HGET', KEYS[1], 'cancel') and 'cancelled' or ''
"""
)

# Requeues tasks without a live worker: their ticket was used up while Redis was unreachable, so no
# other worker would get them.
# KEYS: running, ready
# ARGV: prefix of task keys, seconds without a sign of life
RECOVER = (
    _NOW
    + """
local count = 0
local since = now - tonumber(ARGV[2])
local silent = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', since, 'LIMIT', 0, 100)
for _, id in ipairs(silent) do
  redis.call('ZREM', KEYS[1], id)
  local key = ARGV[1] .. id
  if redis.call('HGET', key, 'state') == 'running' then
    redis.call('DEL', redis.call('HGET', key, 'binding'))
    redis.call('HSET', key, 'state', 'queued', 'error', 'its worker fell silent')
    redis.call('ZADD', KEYS[2], redis.call('HGET', key, 'place'), id)
    count = count + 1
  end
end
return count
"""
)

# Only the run that is the latest may end it. KEYS: task, binding, events, dead, running
# ARGV: run, state, result, error, ttl, member, channel of the ends
FINISH = (
    _NOW
    + """
if redis.call('HGET', KEYS[1], 'runs') ~= ARGV[1]
or redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'result', ARGV[3], 'error', ARGV[4],
  'finished', now)
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[5], ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('XADD', KEYS[3], '*', 'event', '{"type":"end","state":"' .. ARGV[2] .. '"}')
redis.call('EXPIRE', KEYS[3], ARGV[5])
if ARGV[2] == 'dead' then redis.call('ZADD', KEYS[4], now, ARGV[6]) end
redis.call('PUBLISH', ARGV[7], ARGV[6])
return 1
"""
)

# KEYS: task, binding, ready, delayed, running; ARGV: run, member, delay, error, failed (1 or 0)
HAND_BACK = (
    _NOW
    + """
if redis.call('HGET', KEYS[1], 'runs') ~= ARGV[1]
or redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'queued', 'error', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'failures', ARGV[5])
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[5], ARGV[2])
local delay = tonumber(ARGV[3])
if delay > 0 then redis.call('ZADD', KEYS[4], now + delay, ARGV[2])
else redis.call('ZADD', KEYS[3], redis.call('HGET', KEYS[1], 'place'), ARGV[2]) end
return 1
"""
)

# KEYS: task, ready, delayed, events; ARGV: member, ttl, channel of the ends
CANCEL = (
    _NOW
    + """
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'running' then
  redis.call('HSET', KEYS[1], 'cancel', 1)
  return 'running'
end
if state ~= 'queued' then return state or '' end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[1], 'state', 'cancelled', 'finished', now)
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[4], '*', 'event', '{"type":"end","state":"cancelled"}')
redis.call('EXPIRE', KEYS[4], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[1])
return 'queued'
"""
)

# Requeues a task that ended without a result, as new.
# KEYS: task, ready, dead, events
# ARGV: member
RETRY = (
    _NOW
    + """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'dead' and state ~= 'failed' and state ~= 'cancelled' and state ~= 'expired' then
  return state or ''
end
redis.call('HSET', KEYS[1], 'state', 'queued', 'place', now, 'failures', 0, 'runs', 0,
  'expires', 0, 'result', '')
redis.call('HDEL', KEYS[1], 'cancel', 'finished')
redis.call('PERSIST', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[4])
redis.call('ZADD', KEYS[2], now, ARGV[1])
return 'queued'
"""
)
