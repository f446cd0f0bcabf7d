-- The host's own tables. Those of Procrastinate stand beside them, in the same database, so that
-- a job is queued in the transaction that moves what is due.

CREATE TABLE companies (
    name text PRIMARY KEY,  -- the definition of its import, and the lock of its jobs
    books text NOT NULL,  -- whose invoices its payments pay
    import_type text NOT NULL,
    format text NOT NULL,
    settings jsonb NOT NULL,
    company_number text,  -- in the system that its payments come from
    company_name text,
    cursor text
);

CREATE TABLE next_due (
    company text PRIMARY KEY REFERENCES companies,
    due timestamptz NOT NULL,  -- infinity: paused, until a person resumes it
    daily_at time NOT NULL,  -- in Stockholm
    queued_at timestamptz,
    done_at timestamptz,  -- when the last run that came to an end began; earlier than queued_at: owed
    failed_code text,
    failed_sv text,
    failed_en text
);
CREATE INDEX next_due_by_time ON next_due (due);

CREATE TABLE invoices (
    books text NOT NULL,
    number text NOT NULL,
    ocr text NOT NULL,
    customer_code text NOT NULL,
    customer_name text NOT NULL,
    currency text NOT NULL,
    total numeric NOT NULL,
    remaining numeric NOT NULL,  -- in the currency, as is the total
    invoice_date date,
    due_date date,
    period_closed boolean NOT NULL,
    PRIMARY KEY (books, number)
);
CREATE INDEX invoices_by_ocr ON invoices (books, ocr) WHERE ocr <> '';

CREATE TABLE payments (
    import_type text NOT NULL,
    company_number text NOT NULL,
    number text NOT NULL,
    books text NOT NULL,
    invoice text NOT NULL,
    amount numeric NOT NULL,  -- SEK
    currency text NOT NULL,
    amount_currency numeric NOT NULL,
    effect numeric NOT NULL,  -- what it took from what remained, in the invoice's currency
    status text NOT NULL,
    payment jsonb NOT NULL,
    run text NOT NULL,
    registered_at timestamptz NOT NULL,
    -- However often a job runs, a payment is registered once.
    PRIMARY KEY (import_type, company_number, number),
    FOREIGN KEY (books, invoice) REFERENCES invoices
);

-- What was read and not registered: it waits for a person, and is offered at every run.
CREATE TABLE waiting (
    company text NOT NULL REFERENCES companies,
    number text NOT NULL,  -- '' where not even that could be read
    nth integer NOT NULL,  -- tells rows without a number apart; else 0
    list text NOT NULL,  -- flagged (it could be registered, with a warning) or rejected
    reason text NOT NULL,
    sv text NOT NULL,
    en text NOT NULL,
    amount numeric,  -- SEK
    invoice_number text,
    payment jsonb,  -- NULL where it could not be read
    since timestamptz NOT NULL,
    PRIMARY KEY (company, number, nth)
);

CREATE TABLE decisions (
    company text NOT NULL REFERENCES companies,
    number text NOT NULL,
    decision text NOT NULL,  -- register or set-aside
    facts text NOT NULL,  -- the figures that were decided about; others must be decided anew
    why text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (company, number)
);

CREATE TABLE state (
    import_type text NOT NULL,
    key text NOT NULL,
    value text,
    PRIMARY KEY (import_type, key)
);

-- One row a run; one without an end was killed. What was read is in exactly one of the counts.
CREATE TABLE runs (
    id text PRIMARY KEY,
    company text NOT NULL REFERENCES companies,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    failed_code text,
    saved integer,
    flagged integer,
    rejected integer,
    ignored integer
);
CREATE INDEX runs_by_company ON runs (company, begun_at);
