-- Every statement of the host, by name. Parameters have names, too.


-- company
SELECT name, import_type, format AS import_format, books AS region, settings, company_number,
       company_name, cursor
FROM companies WHERE name = %(company)s

-- load_companies
INSERT INTO companies (name, books, import_type, format, settings, company_number, company_name)
SELECT line ->> 'name', line ->> 'name', line ->> 'import_type', COALESCE(line ->> 'format', 'API'),
       line -> 'settings', line #>> '{company,number}', line #>> '{company,name}'
FROM loaded
ON CONFLICT (name) DO UPDATE SET import_type = EXCLUDED.import_type, format = EXCLUDED.format,
    settings = EXCLUDED.settings

-- load_next_due
INSERT INTO next_due (company, due, daily_at)
SELECT line ->> 'name', now(), COALESCE(line ->> 'daily_at', '02:00')::time FROM loaded
ON CONFLICT (company) DO UPDATE SET daily_at = EXCLUDED.daily_at

-- load_invoices
-- What was paid already stays paid when the total changes.
INSERT INTO invoices AS old
SELECT line ->> 'name', one ->> 'number', COALESCE(one ->> 'ocr', ''),
       COALESCE(one ->> 'customer_code', ''), COALESCE(one ->> 'customer_name', ''),
       COALESCE(one ->> 'currency', 'SEK'), (one ->> 'total')::numeric,
       (one ->> 'total')::numeric, (one ->> 'invoice_date')::date, (one ->> 'due_date')::date,
       COALESCE((one ->> 'period_closed')::boolean, true)
FROM loaded, jsonb_array_elements(line -> 'invoices') AS one
ON CONFLICT (books, number) DO UPDATE SET ocr = EXCLUDED.ocr,
    customer_code = EXCLUDED.customer_code, customer_name = EXCLUDED.customer_name,
    currency = EXCLUDED.currency, total = EXCLUDED.total,
    remaining = old.remaining + EXCLUDED.total - old.total, invoice_date = EXCLUDED.invoice_date,
    due_date = EXCLUDED.due_date, period_closed = EXCLUDED.period_closed


-- loaded
-- Rows are copied to such tables first. They last as long as their connection: tables that came
-- and went with each save would bloat the catalogue.
CREATE TEMPORARY TABLE IF NOT EXISTS loaded (line jsonb) ON COMMIT DELETE ROWS

-- fresh_payments
CREATE TEMPORARY TABLE IF NOT EXISTS fresh_payments ON COMMIT DELETE ROWS
AS SELECT * FROM payments WITH NO DATA

-- fresh_waiting
CREATE TEMPORARY TABLE IF NOT EXISTS fresh_waiting ON COMMIT DELETE ROWS
AS SELECT * FROM waiting WITH NO DATA


-- try_lock
SELECT pg_try_advisory_lock(hashtextextended(%(key)s, 0)) AS acquired

-- unlock
SELECT pg_advisory_unlock(hashtextextended(%(key)s, 0))

-- try_lock_until_commit
SELECT pg_try_advisory_xact_lock(hashtextextended(%(key)s, 0)) AS acquired

-- lock_until_commit
SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))


-- due
-- What is due, and what is owed: it was queued, and no run that began since came to its end.
WITH chosen AS (
    SELECT company FROM next_due n
    WHERE due <= now() OR queued_at > COALESCE(done_at, '-infinity')
        AND NOT EXISTS (SELECT FROM procrastinate_jobs j
                        WHERE j.queueing_lock = n.company AND j.status = 'todo')
        AND NOT EXISTS (SELECT FROM procrastinate_jobs j
                        WHERE j.lock = n.company AND j.status = 'doing')
    ORDER BY due LIMIT %(most)s FOR UPDATE SKIP LOCKED),
local AS (SELECT now() AT TIME ZONE 'Europe/Stockholm' AS at)
UPDATE next_due n SET queued_at = clock_timestamp(), due = CASE WHEN due > now() THEN due ELSE
    (at::date + daily_at + (CASE WHEN at::date + daily_at <= at THEN 1 ELSE 0 END)
     * interval '1 day') AT TIME ZONE 'Europe/Stockholm' END
FROM chosen, local WHERE n.company = chosen.company
RETURNING n.company, EXISTS (SELECT FROM procrastinate_jobs j
    WHERE j.queueing_lock = n.company AND j.status = 'todo') AS queued

-- dead_jobs
-- Whoever does a job holds the lock of its company. Signs of life of its worker say less: it may
-- have done the job, and lost the connection when it was to say so.
SELECT id FROM procrastinate_jobs j
WHERE status = 'doing'
    AND NOT EXISTS (
        SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE locktype = 'advisory' AND datname = current_database()
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended('company ' || j.lock, 0))
    AND (SELECT max(at) FROM procrastinate_events e WHERE e.job_id = j.id AND type = 'started')
        < now() - %(after)s * interval '1 second'

-- due_now
UPDATE next_due SET due = now() WHERE company = %(company)s

-- begin_run
INSERT INTO runs (id, company) VALUES (%(run)s, %(company)s)

-- end_run
UPDATE runs SET ended_at = clock_timestamp(), saved = %(saved)s, flagged = %(flagged)s,
    rejected = %(rejected)s, ignored = %(ignored)s, failed_code = %(code)s
WHERE id = %(run)s

-- end_company
-- What was queued after the run had begun is still owed.
UPDATE next_due SET failed_code = %(code)s, failed_sv = %(sv)s, failed_en = %(en)s,
    done_at = (SELECT begun_at FROM runs WHERE id = %(run)s),
    due = CASE %(retry)s::float8 WHEN 'infinity' THEN 'infinity'
          ELSE least(due, now() + %(retry)s * interval '1 second') END
WHERE company = %(company)s


-- known_invoices
SELECT number FROM invoices WHERE books = %(books)s AND number = ANY(%(numbers)s)

-- invoices
SELECT *, books AS region FROM invoices
WHERE books = %(books)s AND (number = ANY(%(invoices)s) OR ocr <> '' AND ocr = ANY(%(ocrs)s))

-- registered
SELECT number, payment FROM payments
WHERE import_type = %(import_type)s AND company_number = %(company_number)s
AND number = ANY(%(numbers)s)

-- decisions
SELECT 0 AS id, company AS definition, %(company_number)s AS company, decision, number,
       NULL AS first_invoice, NULL AS last_invoice, facts, why, decided_by AS user, decided_at AS at
FROM decisions WHERE company = %(company)s

-- offered
SELECT * FROM waiting WHERE company = %(company)s AND number <> ''


-- register
-- Only what was not registered before changes what remains.
WITH added AS (
    INSERT INTO payments SELECT * FROM fresh_payments
    ON CONFLICT DO NOTHING RETURNING books, invoice, number, effect),
paid AS (
    UPDATE invoices i SET remaining = i.remaining - s.effect
    FROM (SELECT books, invoice, sum(effect) AS effect FROM added GROUP BY 1, 2) s
    WHERE i.books = s.books AND i.number = s.invoice)
SELECT number FROM added

-- decisions_done
DELETE FROM decisions WHERE company = %(company)s AND number = ANY(%(numbers)s)

-- drop_waiting
DELETE FROM waiting w WHERE company = %(company)s AND NOT EXISTS (
    SELECT FROM fresh_waiting f WHERE f.number = w.number AND f.nth = w.nth)

-- keep_waiting
INSERT INTO waiting SELECT * FROM fresh_waiting
ON CONFLICT (company, number, nth) DO UPDATE SET list = EXCLUDED.list, reason = EXCLUDED.reason,
    sv = EXCLUDED.sv, en = EXCLUDED.en, amount = EXCLUDED.amount,
    invoice_number = EXCLUDED.invoice_number, payment = EXCLUDED.payment

-- move_cursor
UPDATE companies SET company_number = %(company_number)s, company_name = %(company_name)s,
    cursor = COALESCE(%(cursor)s, cursor)
WHERE name = %(company)s


-- state
SELECT value FROM state WHERE import_type = %(import_type)s AND key = %(key)s

-- set_state
INSERT INTO state VALUES (%(import_type)s, %(key)s, %(value)s)
ON CONFLICT (import_type, key) DO UPDATE SET value = EXCLUDED.value


-- waiting
SELECT w.company, w.number, w.list, w.reason, w.sv, w.en, w.amount, w.invoice_number,
       w.payment ->> 'date' AS date, w.payment ->> 'currency' AS currency, w.since,
       CASE list WHEN 'flagged' THEN '["register", "set-aside"]' ELSE '["set-aside"]' END::jsonb
       AS decisions, d.decision, d.decided_by
FROM waiting w LEFT JOIN decisions d ON d.company = w.company AND d.number = w.number
WHERE (%(company)s::text IS NULL OR w.company = %(company)s)
    AND (%(everything)s OR d.decision IS DISTINCT FROM 'set-aside')
ORDER BY w.company, w.since, w.number, w.nth

-- waiting_row
SELECT * FROM waiting WHERE company = %(company)s AND number = %(number)s AND number <> ''

-- failed
SELECT company, failed_code AS code, failed_sv AS sv, failed_en AS en, due = 'infinity' AS paused
FROM next_due
WHERE failed_code IS NOT NULL AND (%(company)s::text IS NULL OR company = %(company)s)
ORDER BY company

-- decide
INSERT INTO decisions (company, number, decision, facts, why, decided_by)
VALUES (%(company)s, %(number)s, %(decision)s, %(facts)s, %(why)s, %(by)s)
ON CONFLICT (company, number) DO UPDATE SET decision = EXCLUDED.decision, facts = EXCLUDED.facts,
    why = EXCLUDED.why, decided_by = EXCLUDED.decided_by, decided_at = now()
