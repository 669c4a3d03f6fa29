-- Jobs $1 to $2 of a crowd: the first $3 are settled, the others wait on a node that is not ours. One
-- comes every $5 microseconds from $4 on, each with an instruction of $6 bytes and its history.
with crowd as materialized (
    select n,
           (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000'
            || lpad(to_hex(n), 12, '0'))::uuid as id,
           tenant || to_char(at, ':"data_"YYYYMMDD_HH24MISS_') || n as key,
           case when n % 10 = 0 then 'sleep' else 'loader' end as kind,
           tenant,
           'user-' || n % 200 as submitted_by,
           at,
           at + interval '1 second' as started_at,
           at + interval '1 second' * (2 + n % 600) as settled_at,
           case when n > $3 then 'submitted' when n % 50 = 1 then 'cancelled'
                when n % 16 = 0 then 'failed' else 'completed' end as status,
           case when n > $3 then null when n % 50 = 1 then 'cancelled while it ran'
                when n % 16 = 0 then 'line ' || n % 9973 || ': a cell is missing'
                else 'digested' end as message
      from generate_series($1::bigint, $2::bigint) as n,
           lateral (select to_timestamp($4::float8) + interval '1 microsecond' * $5::bigint * n) as t (at),
           lateral (select (array['maize', 'rice', 'wheat', 'chickpea', 'sorghum'])[1 + n % 7 % 5])
                   as crop (tenant)
),
ordered as (
    insert into instruction (key, kind, tenant, submitted_by, body, created_at)
    select key, kind, tenant, submitted_by,
           (rpad('{"milliseconds":', greatest($6::int - 2, 16)) || '0}')::json, at
      from crowd
),
made as (
    insert into job (id, key, kind, tenant, submitted_by, status, message, attempt, node,
                     submitted_at, forwarded_at, started_at, updated_at, settled_at)
    select id, key, kind, tenant, submitted_by, status, message, (n <= $3)::int, 'elsewhere',
           at, at,
           case when n <= $3 then started_at end,
           case when n <= $3 then settled_at else at end,
           case when n <= $3 then settled_at end
      from crowd
)
insert into job_event (job, at, status, attempt, node, message)
select id, step.at, step.status, step.attempt, step.node, step.message
  from crowd,
       lateral (values (1, crowd.at, 'submitted', 0, null, 'accepted'),
                       (2, started_at, 'running', 1, 'elsewhere', 'attempt 1 begins on elsewhere'),
                       (3, settled_at, crowd.status, 1, 'elsewhere', crowd.message))
               as step (place, at, status, attempt, node, message)
 where place = 1 or n <= $3
 order by n, place
