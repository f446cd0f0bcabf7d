-- The host's tables. Money is decimal text, in the currency beside it or in the one that a comment
-- names: whole ten-thousandths in an INTEGER end at 922 trillion, below what the contract's suite
-- saves, and an amount or rate may have more decimals. exact_sum() adds it without rounding.
-- Times are ISO 8601 with a zone; days are ISO 8601.

-- A seal is what a row held when it was written: a bit that flips later is in one of the two.
CREATE TABLE settings (
    key     TEXT PRIMARY KEY,
    value   TEXT NOT NULL,
    content TEXT AS (quote(key) || quote(value)),
    seal    TEXT AS (content) STORED
);
-- Which books these are: a listener may hear of those of a demonstration, too.
INSERT INTO settings (key, value) VALUES ('books', lower(hex(randomblob(16))));

-- Of the invoices that have rows, as they were loaded last.
CREATE TABLE customers (
    id                  INTEGER PRIMARY KEY,
    region              TEXT NOT NULL,
    code                TEXT NOT NULL CHECK (code <> ''),
    ledger_number       TEXT NOT NULL,
    name                TEXT NOT NULL,
    organisation_number TEXT NOT NULL,
    vat_number          TEXT NOT NULL,
    address1            TEXT NOT NULL,
    zip                 TEXT NOT NULL,
    city                TEXT NOT NULL,
    country             TEXT NOT NULL,
    email               TEXT NOT NULL,
    UNIQUE (region, code)
);

CREATE TABLE invoices (
    id            INTEGER PRIMARY KEY,
    region        TEXT NOT NULL,
    number        TEXT NOT NULL CHECK (number <> ''),
    ocr           TEXT NOT NULL,  -- without spaces
    customer_code TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    currency      TEXT NOT NULL,
    total         TEXT NOT NULL,
    remaining     TEXT NOT NULL,
    invoice_date  TEXT,
    due_date      TEXT,
    period_closed INTEGER NOT NULL CHECK (period_closed IN (0, 1)),
    type          TEXT NOT NULL DEFAULT 'invoice'
                  CHECK (type IN ('invoice', 'correction', 'interest')),
    customer_id   INTEGER REFERENCES customers (id),
    exchange_rate TEXT,  -- SEK for one unit of the currency
    order_number  TEXT NOT NULL DEFAULT '',
    order_date    TEXT,
    credits       TEXT NOT NULL DEFAULT '',  -- the number of the invoice that a correction takes back
    document      TEXT NOT NULL DEFAULT '',  -- the path of its PDF
    digest        TEXT NOT NULL DEFAULT '',  -- of its content; '' where it has no rows to be exported, or none any more
    -- What it is called in exports, for ever. A region may have a slash in it, too.
    item_id       TEXT AS (replace(replace(region, '%', '%25'), '/', '%2F') || '/' || number),
    UNIQUE (region, number)  -- 1001 exists in every region
);
CREATE UNIQUE INDEX invoices_by_item ON invoices (item_id);
CREATE INDEX invoices_by_ocr ON invoices (region, ocr);
CREATE INDEX invoices_by_customer ON invoices (customer_code);

CREATE TABLE invoice_rows (
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    place      INTEGER NOT NULL,
    account    TEXT NOT NULL,
    unit       TEXT NOT NULL,
    vat_rate   TEXT NOT NULL,  -- the code of a rate
    net        TEXT NOT NULL,  -- in the invoice's currency, as is the VAT
    vat        TEXT NOT NULL,
    PRIMARY KEY (invoice_id, place)
) WITHOUT ROWID;

-- Subcontractors, as they were loaded last: a bill is paid by the newest card.
CREATE TABLE suppliers (
    id                  INTEGER PRIMARY KEY,
    region              TEXT NOT NULL,
    code                TEXT NOT NULL CHECK (code <> ''),
    name                TEXT NOT NULL,
    organisation_number TEXT NOT NULL,
    vat_number          TEXT NOT NULL,
    address1            TEXT NOT NULL,
    zip                 TEXT NOT NULL,
    city                TEXT NOT NULL,
    country             TEXT NOT NULL,
    phone1              TEXT NOT NULL,
    phone2              TEXT NOT NULL,
    www                 TEXT NOT NULL,
    bankgiro            TEXT NOT NULL,
    plusgiro            TEXT NOT NULL,
    bank_account        TEXT NOT NULL,
    iban                TEXT NOT NULL,
    bic                 TEXT NOT NULL,
    sends_invoice       INTEGER NOT NULL CHECK (sends_invoice IN (0, 1)),
    UNIQUE (region, code)
);

-- What is owed to them, by bills that are made here.
CREATE TABLE supplier_bills (
    id            INTEGER PRIMARY KEY,
    region        TEXT NOT NULL,
    number        TEXT NOT NULL CHECK (number <> ''),
    supplier_id   INTEGER NOT NULL REFERENCES suppliers (id),
    bill_date     TEXT NOT NULL,
    due_date      TEXT NOT NULL,
    currency      TEXT NOT NULL,
    exchange_rate TEXT,  -- SEK for one unit of the currency
    total         TEXT NOT NULL,  -- with VAT; negative where the supplier owes us
    vat           TEXT NOT NULL,
    period_closed INTEGER NOT NULL CHECK (period_closed IN (0, 1)),
    document      TEXT NOT NULL,  -- the path of its PDF
    digest        TEXT NOT NULL CHECK (digest <> ''),  -- of what a supplier invoice is made of; see item_content.py
    -- What it is called in exports, for ever, as an invoice is.
    item_id       TEXT AS (replace(replace(region, '%', '%25'), '/', '%2F') || '/' || number),
    UNIQUE (region, number),
    CHECK (currency <> 'SEK' OR exchange_rate IS NULL)  -- the books are in SEK
);
CREATE UNIQUE INDEX supplier_bills_by_item ON supplier_bills (item_id);
CREATE INDEX supplier_bills_by_supplier ON supplier_bills (supplier_id);

CREATE TABLE supplier_bill_rows (
    supplier_bill_id INTEGER NOT NULL REFERENCES supplier_bills (id),
    place            INTEGER NOT NULL,
    account          TEXT NOT NULL,
    unit             TEXT NOT NULL,
    -- In the bill's currency. What is negative stands on the other side, and a row has one side.
    debit            TEXT NOT NULL CHECK (debit NOT LIKE '-%'),
    credit           TEXT NOT NULL CHECK (credit NOT LIKE '-%'),
    PRIMARY KEY (supplier_bill_id, place),
    CHECK (CAST(debit AS REAL) = 0 OR CAST(credit AS REAL) = 0)
) WITHOUT ROWID;

-- Imports and exports: their names are one space.
CREATE TABLE definitions (
    name          TEXT PRIMARY KEY CHECK (name <> ''),
    subject       TEXT NOT NULL DEFAULT '',  -- what is exported; '' for an import of payments
    import_type   TEXT NOT NULL,  -- or the export type
    import_format TEXT NOT NULL,
    region        TEXT NOT NULL,
    settings      TEXT NOT NULL,  -- JSON
    company       TEXT,           -- of the first save, and from then on the only one
    company_name  TEXT,
    cursor        TEXT,           -- of the last save
    content       TEXT AS (quote(name) || quote(subject) || quote(import_type)
                           || quote(import_format) || quote(region) || quote(settings)
                           || quote(company) || quote(company_name) || quote(cursor)),
    seal          TEXT AS (content) STORED
);

CREATE INDEX definitions_by_company ON definitions (company);
CREATE INDEX definitions_by_region ON definitions (region);

-- What runs with nobody there, when, and how its last run ended.
CREATE TABLE schedules (
    definition TEXT PRIMARY KEY REFERENCES definitions (name),
    daily      TEXT,     -- HH:MM in Stockholm
    every      INTEGER,  -- minutes
    save       TEXT NOT NULL CHECK (save IN ('green', 'none')),
    next_due   TEXT NOT NULL,  -- UTC, to the second
    paused_at  TEXT,     -- since waiting does not mend what ended the last run
    ended_at   TEXT,
    outcome    TEXT CHECK (outcome IN ('saved', 'nothing-new', 'waits-for-person', 'failed',
                                       'paused')),
    counts     TEXT NOT NULL DEFAULT '{}',  -- JSON
    waiting    INTEGER NOT NULL DEFAULT 0,  -- how many rows wait for a person
    failures   INTEGER NOT NULL DEFAULT 0,  -- in a row
    error_code TEXT,
    error_sv   TEXT,  -- the message of the error
    error_en   TEXT,
    content    TEXT AS (quote(definition) || quote(daily) || quote(every) || quote(save)
                        || quote(next_due)),
    seal       TEXT AS (content) STORED,
    CHECK ((daily IS NULL) <> (every IS NULL))
) WITHOUT ROWID;
CREATE INDEX schedules_by_due ON schedules (next_due) WHERE paused_at IS NULL;

-- What each listener has told people about a schedule, so that nobody is told twice.
CREATE TABLE told (
    listener   TEXT NOT NULL,
    definition TEXT NOT NULL REFERENCES definitions (name),
    outcome    TEXT NOT NULL,  -- of the run that was told
    waiting    INTEGER NOT NULL,  -- how many rows people know of
    paused_at  TEXT,  -- which pause was told: one that comes after a person resumed is another
    PRIMARY KEY (listener, definition)
) WITHOUT ROWID;

CREATE TABLE runs (
    id           TEXT PRIMARY KEY,
    definition   TEXT NOT NULL REFERENCES definitions (name),
    state        TEXT NOT NULL
                 CHECK (state IN ('running', 'failed', 'open', 'replaced', 'discarded', 'saved',
                                  'reconciled')),
    user         TEXT NOT NULL,
    settings     TEXT NOT NULL,  -- JSON, as they were
    started_at   TEXT NOT NULL,
    finished_at  TEXT,
    saved_at     TEXT,
    saved_by     TEXT,
    undone_at    TEXT,  -- the save, as a whole; its payments were deleted then
    undone_by    TEXT,
    undone_why   TEXT,
    region       TEXT NOT NULL DEFAULT '',
    bank_account TEXT NOT NULL DEFAULT '',  -- that the money came in to, as a person gave it
    date         TEXT,  -- of the import, as a person gave it; a payment keeps its own
    company      TEXT,
    company_name TEXT,
    cursor       TEXT,
    not_read     INTEGER NOT NULL DEFAULT 0,
    requests     INTEGER NOT NULL DEFAULT 0,
    counts       TEXT NOT NULL DEFAULT '{}',  -- JSON
    totals       TEXT NOT NULL DEFAULT '{}',  -- JSON, SEK
    -- JSON, sv and en: what the plug-in calls the system that the payments come from
    source       TEXT NOT NULL DEFAULT '["källan", "the source"]',
    notes        TEXT NOT NULL DEFAULT '[]',  -- JSON: messages of the plug-in about the run
    revision     TEXT NOT NULL DEFAULT '',  -- of counts, totals and judgements
    printed      TEXT NOT NULL DEFAULT '',  -- the revision that a command printed last
    error_code   TEXT,
    error_sv     TEXT,  -- the message of the error
    error_en     TEXT
);
CREATE INDEX runs_by_definition ON runs (definition);
CREATE UNIQUE INDEX one_open_preview ON runs (definition) WHERE state = 'open';

-- What a run read, and how it was judged.
CREATE TABLE run_rows (
    id              INTEGER PRIMARY KEY,
    run_id          TEXT NOT NULL REFERENCES runs (id),
    number          TEXT CHECK (number <> ''),  -- NULL where not even that could be read
    source          TEXT,
    invoice_number  TEXT,
    ocr             TEXT,
    date            TEXT,           -- NULL where the payment could not be read
    amount          TEXT,           -- SEK
    currency        TEXT,
    amount_currency TEXT,
    exchange_rate   TEXT,
    write_offs      TEXT NOT NULL,  -- JSON: amount, account, description, currency
    booked          INTEGER,
    warnings        TEXT NOT NULL,  -- JSON
    customer        TEXT,           -- its number there; NULL where it is unknown
    fetched         INTEGER NOT NULL,  -- 0: of an earlier run, and not fetched again in this one
    requested       INTEGER NOT NULL DEFAULT 0,  -- 1: the plug-in was asked to fetch it again
    deleted         INTEGER NOT NULL DEFAULT 0,  -- 1: no longer where it came from
    excluded_reason TEXT,  -- by the plug-in, in this run
    excluded_sv     TEXT,
    excluded_en     TEXT,
    earlier_reason  TEXT,  -- of the earlier run
    earlier_sv      TEXT,
    earlier_en      TEXT,
    earlier_obstacle TEXT NOT NULL DEFAULT '',
    kind            TEXT CHECK (kind IN ('ready', 'left', 'rejected', 'ignored')),
    invoice_id      INTEGER REFERENCES invoices (id),
    status          TEXT CHECK (status IN ('exact', 'written-off', 'partial', 'advance', 'reversal',
                                           'settled-against-credit')),
    warning_sv      TEXT,
    warning_en      TEXT,
    reason          TEXT,
    message_sv      TEXT,
    message_en      TEXT,
    obstacle        TEXT NOT NULL DEFAULT '',  -- in addition to the reason, where it asks for other advice
    written_off     TEXT,  -- SEK, by the accepted deviation
    effect          TEXT,  -- in the invoice's currency: what it takes away from what remains
    remaining       TEXT,  -- then, of its invoice in its currency
    CHECK (kind <> 'ready' OR (fetched = 1 AND deleted = 0 AND number IS NOT NULL AND invoice_id IS NOT NULL))
);
CREATE UNIQUE INDEX one_row_a_payment ON run_rows (run_id, number);
CREATE INDEX run_rows_by_run ON run_rows (run_id, kind);
CREATE INDEX run_rows_deleted ON run_rows (run_id) WHERE deleted = 1;
CREATE INDEX run_rows_by_ocr ON run_rows (run_id, ocr) WHERE ocr <> '';

-- Balances in the system that payments come from, of invoices that are here too.
CREATE TABLE run_balances (
    run_id         TEXT NOT NULL REFERENCES runs (id),
    invoice_number TEXT NOT NULL,  -- there
    invoice_id     INTEGER NOT NULL REFERENCES invoices (id),
    customer       TEXT NOT NULL,
    currency       TEXT NOT NULL,
    total          TEXT NOT NULL,  -- in its currency, as is the balance
    balance        TEXT NOT NULL,
    booked         INTEGER NOT NULL,
    cancelled      INTEGER NOT NULL,
    PRIMARY KEY (run_id, invoice_number)
) WITHOUT ROWID;

-- The balances of invoices that were checked one by one; they are checked again after some days.
CREATE TABLE asked_invoices (
    import_type    TEXT NOT NULL,
    company        TEXT NOT NULL,
    invoice_id     INTEGER NOT NULL REFERENCES invoices (id),
    invoice_number TEXT NOT NULL,
    customer       TEXT NOT NULL,
    currency       TEXT NOT NULL,
    total          TEXT NOT NULL,
    balance        TEXT,  -- NULL where it is not there
    booked         INTEGER NOT NULL,
    cancelled      INTEGER NOT NULL,
    at             TEXT NOT NULL,
    PRIMARY KEY (import_type, company, invoice_id)
) WITHOUT ROWID;

-- Payments of invoices here that the settings ignored when a run was saved: they explain why less
-- remains there.
CREATE TABLE ignored_payments (
    import_type TEXT NOT NULL,
    company     TEXT NOT NULL,
    number      TEXT NOT NULL,
    invoice_id  INTEGER NOT NULL REFERENCES invoices (id),
    effect      TEXT NOT NULL,  -- in the invoice's currency
    PRIMARY KEY (import_type, company, number)
) WITHOUT ROWID;

-- Registered payments that a run checked for deletion at their source.
CREATE TABLE run_checked (
    run_id     TEXT NOT NULL REFERENCES runs (id),
    payment_id INTEGER NOT NULL REFERENCES payments (id),
    rank       INTEGER NOT NULL,  -- why it is checked; see deleted_at_source.py
    checked    INTEGER NOT NULL DEFAULT 1,  -- 0: the plug-in could not check it
    deleted    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, payment_id)
) WITHOUT ROWID;

-- The last such check of each payment: the next run begins with those never checked, and does
-- not check again those that were deleted.
CREATE TABLE checked_payments (
    payment_id INTEGER PRIMARY KEY REFERENCES payments (id),
    at         TEXT NOT NULL,
    deleted    INTEGER NOT NULL
);

-- Where the system that payments come from does not agree with the books, other than on the
-- payments of the run.
CREATE TABLE run_discrepancies (
    run_id     TEXT NOT NULL REFERENCES runs (id),
    code       TEXT NOT NULL CHECK (code IN ('deleted-at-source', 'less-remains-at-source',
                                             'cancelled-at-source')),
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    payment_id INTEGER REFERENCES payments (id),  -- that was deleted there
    remaining  TEXT NOT NULL,  -- here, when what is ready is saved; in the invoice's currency
    balance    TEXT            -- there; NULL where it is unknown
);
CREATE INDEX run_discrepancies_by_run ON run_discrepancies (run_id);

-- Payments that were rejected when a run was saved. They are offered again.
CREATE TABLE pending (
    definition      TEXT NOT NULL REFERENCES definitions (name),
    company         TEXT NOT NULL,
    number          TEXT NOT NULL CHECK (number <> ''),
    source          TEXT,
    invoice_number  TEXT,
    ocr             TEXT,
    date            TEXT,
    amount          TEXT,
    currency        TEXT,
    amount_currency TEXT,
    exchange_rate   TEXT,
    write_offs      TEXT NOT NULL,
    booked          INTEGER,
    warnings        TEXT NOT NULL,
    customer        TEXT,
    reason          TEXT NOT NULL,
    message_sv      TEXT NOT NULL,
    message_en      TEXT NOT NULL,
    obstacle        TEXT NOT NULL DEFAULT '',
    deleted_at      TEXT,  -- when it was found deleted at its source
    PRIMARY KEY (definition, company, number)
);

-- Payments that the next save leaves, with the sentence that says why. They are offered again.
CREATE TABLE left_out (
    definition TEXT NOT NULL REFERENCES definitions (name),
    company    TEXT NOT NULL,
    number     TEXT NOT NULL CHECK (number <> ''),
    message_sv TEXT NOT NULL,
    message_en TEXT NOT NULL,
    PRIMARY KEY (definition, company, number)
) WITHOUT ROWID;

-- What a person decided about payments; in force until a save applies it or it is taken back.
CREATE TABLE decisions (
    id            INTEGER PRIMARY KEY,
    definition    TEXT NOT NULL REFERENCES definitions (name),
    company       TEXT NOT NULL,
    decision      TEXT NOT NULL
                  CHECK (decision IN ('set-aside', 'confirm', 'take-again', 'accept', 'keep')),
    number        TEXT CHECK (number <> ''),  -- of one payment; NULL for a series
    first_invoice TEXT,  -- a series of invoice numbers where the payments come from, both
    last_invoice  TEXT,  -- ends included
    facts         TEXT NOT NULL DEFAULT '{}',  -- JSON; a payment with other figures needs a new decision
    why           TEXT NOT NULL DEFAULT '',
    user          TEXT NOT NULL,
    at            TEXT NOT NULL,
    applied_at    TEXT,  -- when a save did what was decided
    taken_back_by TEXT,
    taken_back_at TEXT,
    CHECK ((number IS NULL) = (first_invoice IS NOT NULL AND last_invoice IS NOT NULL)),
    CHECK (number IS NOT NULL OR decision = 'set-aside')
);
CREATE UNIQUE INDEX one_decision_a_payment ON decisions (definition, company, number)
    WHERE number IS NOT NULL AND taken_back_at IS NULL AND applied_at IS NULL;

-- Nothing is removed from the books: what is deleted or reversed stays, with that state.
CREATE TABLE payments (
    id              INTEGER PRIMARY KEY,
    origin          TEXT NOT NULL CHECK (origin IN ('import', 'hand')),
    state           TEXT NOT NULL DEFAULT 'registered'
                    CHECK (state IN ('registered', 'deleted', 'reversed', 'reversal')),
    reverses        INTEGER REFERENCES payments (id),  -- of a reversal: the payment that it reverses
    replaces        INTEGER REFERENCES payments (id),  -- the one in whose place it came, or the first
    import_type     TEXT CHECK (import_type <> ''),
    company         TEXT CHECK (company <> ''),
    number          TEXT CHECK (number <> ''),
    source          TEXT NOT NULL,  -- what came from there is never booked back there
    invoice_number  TEXT NOT NULL,
    ocr             TEXT,
    date            TEXT NOT NULL,
    amount          TEXT NOT NULL,
    currency        TEXT NOT NULL,
    amount_currency TEXT,
    exchange_rate   TEXT,
    write_offs      TEXT NOT NULL,
    booked          INTEGER NOT NULL,
    warnings        TEXT NOT NULL,
    customer        TEXT,
    invoice_id      INTEGER NOT NULL REFERENCES invoices (id),
    status          TEXT NOT NULL
                    CHECK (status IN ('exact', 'written-off', 'partial', 'advance', 'reversal',
                                      'settled-against-credit')),
    warning_sv      TEXT,
    warning_en      TEXT,
    written_off     TEXT NOT NULL,
    effect          TEXT NOT NULL,  -- in the invoice's currency: what it took away from what remained
    settles         TEXT CHECK (settles <> ''),  -- the number of the other half of a settlement
    settles_invoice TEXT,  -- the number of its invoice, where both come from
    bank_account    TEXT NOT NULL DEFAULT '',
    run_id          TEXT REFERENCES runs (id),
    user            TEXT NOT NULL,
    registered_at   TEXT NOT NULL,
    deleted_by      TEXT,
    deleted_at      TEXT,
    deleted_why     TEXT,
    entry_key       TEXT UNIQUE CHECK (entry_key <> ''),  -- a payment typed twice with one key is one
    CHECK (origin = 'hand' OR (import_type IS NOT NULL AND company IS NOT NULL
                               AND number IS NOT NULL AND run_id IS NOT NULL)),
    CHECK (CASE state WHEN 'deleted' THEN 1 ELSE (state = 'reversal') = (reverses IS NOT NULL) END),
    CHECK ((state = 'deleted') = (deleted_at IS NOT NULL))
);
-- What makes an import repeatable.
CREATE UNIQUE INDEX one_payment_a_key ON payments (import_type, company, number)
    WHERE state = 'registered';
CREATE INDEX payments_by_foreign_amount ON payments (currency, CAST(amount_currency AS REAL), date)
    WHERE state = 'registered' AND currency <> 'SEK';
CREATE INDEX payments_by_key ON payments (import_type, company, number);
CREATE INDEX payments_by_amount ON payments (CAST(amount AS REAL), date)
    WHERE state = 'registered';
CREATE INDEX payments_by_run ON payments (run_id);
CREATE INDEX payments_that_settle ON payments (import_type, company, settles)
    WHERE state = 'registered' AND settles IS NOT NULL;
CREATE INDEX payments_by_invoice ON payments (invoice_id);
CREATE INDEX payments_by_ocr ON payments (company, ocr) WHERE ocr <> '';

-- What changed the books, in order; it is append-only. The sum of the
-- effects on an invoice is what its payments have taken from its total.
CREATE TABLE journal (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL CHECK (kind IN ('registered', 'reversed', 'deleted')),
    payment_id INTEGER NOT NULL REFERENCES payments (id),  -- the one that was reversed, where one was
    replaces   INTEGER REFERENCES payments (id),  -- the payment in whose place this one came
    amount     TEXT NOT NULL,  -- SEK; negative for a reversal or a deletion, as are the others
    amount_currency TEXT,
    effect     TEXT NOT NULL,  -- in the invoice's currency
    user       TEXT NOT NULL,
    at         TEXT NOT NULL
);

CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is never changed');
END;
CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is never shortened');
END;

-- By triggers, so that no writer of payments can forget the journal.
CREATE TRIGGER payment_is_journaled AFTER INSERT ON payments
BEGIN
    INSERT INTO journal (kind, payment_id, replaces, amount, amount_currency, effect, user, at)
    VALUES (CASE NEW.state WHEN 'reversal' THEN 'reversed' ELSE 'registered' END,
            COALESCE(NEW.reverses, NEW.id), NEW.replaces, NEW.amount, NEW.amount_currency,
            NEW.effect, NEW.user, NEW.registered_at);
END;
CREATE TRIGGER deletion_is_journaled AFTER UPDATE OF state ON payments
    WHEN NEW.state = 'deleted' AND NEW.reverses IS NULL
BEGIN
    -- Text, so that nothing is rounded: -(-5) is 5.
    INSERT INTO journal (kind, payment_id, amount, amount_currency, effect, user, at)
    VALUES ('deleted', NEW.id, replace('-' || NEW.amount, '--', ''),
            replace('-' || NEW.amount_currency, '--', ''), replace('-' || NEW.effect, '--', ''),
            NEW.deleted_by, NEW.deleted_at);
END;
-- Where the save that reversed a payment is undone, the payment stands again.
CREATE TRIGGER reversal_is_taken_back AFTER UPDATE OF state ON payments
    WHEN NEW.state = 'deleted' AND NEW.reverses IS NOT NULL
BEGIN
    UPDATE payments SET state = 'registered' WHERE id = NEW.reverses;
    INSERT INTO journal (kind, payment_id, amount, amount_currency, effect, user, at)
    SELECT 'registered', id, amount, amount_currency, effect, NEW.deleted_by, NEW.deleted_at
    FROM payments WHERE id = NEW.reverses;
END;
CREATE TRIGGER payment_begins_registered BEFORE INSERT ON payments
    WHEN NEW.state NOT IN ('registered', 'reversal')
BEGIN
    SELECT RAISE(ABORT, 'a payment is registered before it is taken back');
END;
CREATE TRIGGER payment_is_taken_back_once BEFORE UPDATE OF state ON payments
    WHEN (OLD.state, NEW.state) NOT IN (VALUES ('registered', 'deleted'), ('reversal', 'deleted'),
                                        ('registered', 'reversed'), ('reversed', 'registered'))
         OR (NEW.state = 'reversed' OR OLD.state = 'reversed')
         AND (NEW.state = 'reversed') <> EXISTS (
             SELECT 1 FROM payments c WHERE c.invoice_id = OLD.invoice_id AND c.reverses = OLD.id
             AND c.state = 'reversal')
BEGIN
    SELECT RAISE(ABORT, 'a payment is taken back once, by a deletion or by a reversal');
END;
CREATE TRIGGER payment_is_not_changed BEFORE UPDATE OF
    reverses, replaces, import_type, company, number, source, date, amount, currency,
    amount_currency, invoice_id, effect, user, registered_at ON payments
BEGIN
    SELECT RAISE(ABORT, 'what was journaled of a payment is never changed');
END;
CREATE TRIGGER payment_stays BEFORE DELETE ON payments
BEGIN
    SELECT RAISE(ABORT, 'a payment is never removed');
END;

-- How far each listener has acknowledged the journal.
CREATE TABLE listeners (
    name     TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    content  TEXT AS (quote(name) || quote(sequence)),
    seal     TEXT AS (content) STORED
);

-- Small values that plug-ins store.
CREATE TABLE state (
    import_type TEXT NOT NULL,
    key         TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (import_type, key)
);

-- --- Exports. An item is what one of them sends: an invoice or a supplier bill. ------------

-- The items of each subject, in the same columns; see export_states.py. The digest is '' where an
-- item has nothing to be exported.
CREATE VIEW invoice_items AS
    SELECT item_id, region, number, type, customer_code AS party_code, customer_name AS party,
           invoice_date AS date, due_date, total, currency, period_closed, digest, 0 AS withheld,
           credits
    FROM invoices;
CREATE VIEW bill_items AS
    SELECT b.item_id, b.region, b.number, 'bill' AS type, s.code AS party_code,
           s.name AS party, b.bill_date AS date, b.due_date, b.total, b.currency,
           b.period_closed, b.digest, s.sends_invoice AS withheld, '' AS credits
    FROM supplier_bills b JOIN suppliers s ON s.id = b.supplier_id;

CREATE TABLE export_runs (
    id           TEXT PRIMARY KEY,
    definition   TEXT NOT NULL REFERENCES definitions (name),
    state        TEXT NOT NULL
                 CHECK (state IN ('running', 'failed', 'checked', 'previewed', 'sent',
                                  'cancelled')),  -- cancelled: it was to take back an item
    user         TEXT NOT NULL,
    settings     TEXT NOT NULL,  -- JSON, as they were
    started_at   TEXT NOT NULL,
    sent_at      TEXT,  -- when a person chose to send
    region       TEXT NOT NULL,
    asked        TEXT,  -- JSON: the numbers of the items that a person asked for; NULL for all
    company      TEXT,
    company_name TEXT,
    revision     TEXT NOT NULL DEFAULT '',  -- of what was planned
    printed      TEXT NOT NULL DEFAULT '',  -- the revision, once a command has printed it
    requests     INTEGER NOT NULL DEFAULT 0,
    notes        TEXT NOT NULL DEFAULT '[]',  -- JSON: messages of the plug-in
    error_code   TEXT,
    error_sv     TEXT,
    error_en     TEXT
);
CREATE INDEX export_runs_by_definition ON export_runs (definition, started_at);

-- What a run was given to export, what it planned, and what became of it.
CREATE TABLE export_items (
    run_id          TEXT NOT NULL REFERENCES export_runs (id),
    place           INTEGER NOT NULL,
    item_id         TEXT NOT NULL,
    digest          TEXT NOT NULL,  -- of the content that was given, as are the next two
    party           TEXT NOT NULL,  -- the name of the customer or supplier
    credits         TEXT NOT NULL,  -- the number of the invoice that a correction takes back
    -- As it is planned; NULL where settings exclude it.
    state           TEXT CHECK (state IN ('ready', 'waiting', 'adopted', 'unchanged', 'booked',
                                          'refused', 'unknown')),
    action          TEXT CHECK (action IN ('create', 'update', 'none')),
    number          TEXT NOT NULL DEFAULT '',  -- there
    party_number    TEXT NOT NULL DEFAULT '',  -- there
    total           TEXT,  -- here, in the currency, as is the other one
    other_total     TEXT,  -- there
    currency        TEXT NOT NULL DEFAULT '',
    code            TEXT NOT NULL DEFAULT '',
    message_sv      TEXT,
    message_en      TEXT,
    differences     TEXT NOT NULL DEFAULT '[]',  -- JSON: field, ours, theirs
    chosen          INTEGER NOT NULL DEFAULT 0,  -- 1: a person wants it sent
    intended        INTEGER NOT NULL DEFAULT 0,  -- 1: about to be sent
    result          TEXT CHECK (result IN ('sent', 'adopted', 'unchanged', 'booked', 'refused',
                                           'unknown', 'cancelled')),
    complete        INTEGER NOT NULL DEFAULT 1,  -- 0: a person must look at the result
    PRIMARY KEY (run_id, item_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX export_items_in_order ON export_items (run_id, place);
CREATE INDEX export_items_by_credits ON export_items (credits) WHERE credits <> '';

-- The customers or suppliers that a send would create or change there.
CREATE TABLE export_cards (
    id          INTEGER PRIMARY KEY,
    run_id      TEXT NOT NULL REFERENCES export_runs (id),
    number      TEXT NOT NULL,
    action      TEXT NOT NULL,
    differences TEXT NOT NULL,  -- JSON
    message_sv  TEXT,
    message_en  TEXT
);
CREATE INDEX export_cards_by_run ON export_cards (run_id);

-- What is missing in the set-up there.
CREATE TABLE export_gaps (
    id         INTEGER PRIMARY KEY,
    run_id     TEXT NOT NULL REFERENCES export_runs (id),
    code       TEXT NOT NULL,
    message_sv TEXT NOT NULL,
    message_en TEXT NOT NULL,
    item_ids   TEXT NOT NULL  -- JSON
);
CREATE INDEX export_gaps_by_run ON export_gaps (run_id);

-- Who confirmed that a supplier is to be paid otherwise: append-only. The last one of a field is in
-- force, for exactly its values, until a run has used it, or it is too old when a run begins.
CREATE TABLE bank_confirmations (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id       TEXT NOT NULL REFERENCES export_runs (id),  -- that showed it
    export_type  TEXT NOT NULL,
    subject      TEXT NOT NULL,
    company      TEXT NOT NULL CHECK (company <> ''),
    party_number TEXT NOT NULL CHECK (party_number <> ''),
    field        TEXT NOT NULL,
    ours         TEXT NOT NULL,
    theirs       TEXT NOT NULL,
    user         TEXT NOT NULL CHECK (user <> ''),
    at           TEXT NOT NULL,
    until        TEXT NOT NULL
);
CREATE INDEX bank_confirmations_by_field
    ON bank_confirmations (export_type, subject, company, party_number, field);

CREATE TRIGGER bank_confirmation_is_not_changed BEFORE UPDATE ON bank_confirmations
BEGIN
    SELECT RAISE(ABORT, 'a bank confirmation is never changed');
END;
CREATE TRIGGER bank_confirmation_stays BEFORE DELETE ON bank_confirmations
BEGIN
    SELECT RAISE(ABORT, 'a bank confirmation is never removed');
END;

-- The bank details that a send would change there.
CREATE TABLE export_bank_changes (
    run_id       TEXT NOT NULL REFERENCES export_runs (id),
    party_number TEXT NOT NULL CHECK (party_number <> ''),  -- there
    field        TEXT NOT NULL CHECK (field <> ''),
    ours         TEXT NOT NULL,
    theirs       TEXT NOT NULL,
    -- The one that the plug-in was given as confirmed, which is used with that: once.
    confirmation INTEGER UNIQUE REFERENCES bank_confirmations (sequence),
    PRIMARY KEY (run_id, party_number, field)
) WITHOUT ROWID;

CREATE TRIGGER bank_change_is_confirmed_as_it_is BEFORE UPDATE ON export_bank_changes
    WHEN OLD.confirmation IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM bank_confirmations c
        WHERE c.sequence = NEW.confirmation AND c.party_number = NEW.party_number
        AND c.field = NEW.field AND c.ours = NEW.ours AND c.theirs = NEW.theirs
        AND julianday(c.until) >= (
            SELECT julianday(r.started_at) FROM export_runs r WHERE r.id = NEW.run_id))
BEGIN
    SELECT RAISE(ABORT, 'a bank change is confirmed once, in time, for the values that were shown');
END;
CREATE TRIGGER confirmed_bank_change_stays BEFORE DELETE ON export_bank_changes
    WHEN OLD.confirmation IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a confirmed bank change is never removed');
END;

-- The bank changes of runs, each with the confirmation that was used, or else the one in force.
CREATE VIEW bank_changes AS
    SELECT b.run_id, b.party_number, b.field, b.ours, b.theirs, c.sequence,
           b.confirmation IS NOT NULL AS used,
           c.user AS confirmed_by, c.at AS confirmed_at, c.until AS confirmed_until,
           -- What nobody confirmed in time: a run that has ended is not changed by what follows.
           c.sequence IS NULL OR (b.confirmation IS NULL AND r.sent_at IS NOT NULL
                                  AND r.state <> 'running') AS unconfirmed
    FROM export_bank_changes b
    JOIN export_runs r ON r.id = b.run_id
    JOIN definitions d ON d.name = r.definition
    LEFT JOIN bank_confirmations c ON c.sequence = coalesce(b.confirmation, (
        SELECT max(l.sequence) FROM bank_confirmations l
        WHERE l.export_type = d.import_type AND l.subject = d.subject AND l.company = r.company
        AND l.party_number = b.party_number AND l.field = b.field))
    AND c.ours = b.ours AND c.theirs = b.theirs
    AND (b.confirmation IS NOT NULL OR (
        julianday(c.until) >= julianday(r.started_at) AND NOT EXISTS (
        SELECT 1 FROM export_bank_changes o WHERE o.confirmation = c.sequence)));

-- How each item stands in the books of each company. One that is not here was never sent.
CREATE TABLE exported_items (
    export_type     TEXT NOT NULL,
    subject         TEXT NOT NULL,
    company         TEXT NOT NULL,
    item_id         TEXT NOT NULL,
    state           TEXT NOT NULL
                    CHECK (state IN ('intended', 'sent', 'adopted', 'booked', 'refused', 'unknown',
                                     'cancelled')),
    exported        INTEGER NOT NULL DEFAULT 0,  -- 1: it was sent, or adopted
    intended        INTEGER NOT NULL DEFAULT 0,  -- how often it was about to be sent, unsettled
    complete        INTEGER NOT NULL DEFAULT 1,  -- 0: something remains to be done there
    number          TEXT NOT NULL DEFAULT '',  -- there, as are all down to the total
    party_number    TEXT NOT NULL DEFAULT '',
    total           TEXT,
    digest          TEXT NOT NULL DEFAULT '',  -- of the content of which the result is known
    credits         TEXT NOT NULL DEFAULT '',  -- what it takes back there
    code            TEXT NOT NULL DEFAULT '',
    message_sv      TEXT,
    message_en      TEXT,
    run_id          TEXT NOT NULL REFERENCES export_runs (id),
    user            TEXT NOT NULL,
    at              TEXT NOT NULL,
    PRIMARY KEY (export_type, subject, company, item_id)
) WITHOUT ROWID;

-- What was done with each item: append-only, written with what it tells of.
CREATE TABLE export_log (
    sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id          TEXT NOT NULL REFERENCES export_runs (id),
    export_type     TEXT NOT NULL,
    subject         TEXT NOT NULL,
    company         TEXT NOT NULL,
    item_id         TEXT NOT NULL,
    event           TEXT NOT NULL
                    CHECK (event IN ('intended', 'cancelling', 'sent', 'adopted', 'unchanged',
                                     'booked', 'refused', 'unknown', 'cancelled',
                                     'bank-confirmed', 'bank-changing')),  -- of no item
    number          TEXT NOT NULL DEFAULT '',
    party_number    TEXT NOT NULL DEFAULT '',
    total           TEXT,
    code            TEXT NOT NULL DEFAULT '',
    message_sv      TEXT,
    message_en      TEXT,
    theirs          TEXT NOT NULL DEFAULT '',  -- the other system's own code or words
    complete        INTEGER NOT NULL DEFAULT 1,
    user            TEXT NOT NULL,
    at              TEXT NOT NULL
);
CREATE INDEX export_log_by_item ON export_log (subject, item_id);

CREATE TRIGGER export_log_is_not_changed BEFORE UPDATE ON export_log
BEGIN
    SELECT RAISE(ABORT, 'the export log is never changed');
END;
CREATE TRIGGER export_log_is_not_shortened BEFORE DELETE ON export_log
BEGIN
    SELECT RAISE(ABORT, 'the export log is never shortened');
END;
