-- What Authorize does, in PostgreSQL: the peer that postgres.sh measures.
--
-- It is written to be fast, as somebody would who knows PostgreSQL: one call a decision, one row locked, an account's
-- row updated in place, ids that begin with the time. As Authorize does, it
--   * decides on the account's limit and declines what is above it, which is an answer and is remembered too;
--   * decides a request id once for each caller: the same body gets the stored answer, another body is refused;
--   * lets an order id of a caller have one live authorization;
--   * writes a journal row whose postings sum to zero;
--   * is durable when it answers.
--
-- What it leaves out is in PostgreSQL's favour: lines, spending controls, agreements, freezes and suspensions, tombstones,
-- the expiry of holds and an index to find them by, the hash chain, a journal without gaps in the order of commits, and a
-- protocol with named fields, validation, deadlines and callers' identities. Two calls with the same fresh request id at
-- the same moment: the later one fails on the unique key, and gets the stored answer when it is sent again.

CREATE TABLE accounts (
  id           bigint PRIMARY KEY,
  currency     text   NOT NULL,
  credit_limit bigint NOT NULL CHECK (credit_limit >= 0),
  held         bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
  posted       bigint NOT NULL DEFAULT 0 CHECK (posted >= 0),
  open_holds   int    NOT NULL DEFAULT 0,
  last_n       int    NOT NULL DEFAULT 0 -- of its authorizations
) WITH (fillfactor = 70);                -- room to update a row on its page, without touching the index

CREATE TABLE holds (
  account_id   bigint NOT NULL,
  n            int    NOT NULL,
  caller       text   NOT NULL,
  order_id     text   NOT NULL,
  scene        smallint NOT NULL,
  carrier_id   text   NOT NULL,
  phone_token  text   NOT NULL,
  requested    bigint NOT NULL,
  held         bigint NOT NULL,
  state        text   NOT NULL, -- HELD, DECLINED and so on
  reason       text,            -- of a decline
  created      timestamptz NOT NULL,
  expires      timestamptz,
  PRIMARY KEY (account_id, n)
);
CREATE UNIQUE INDEX holds_order ON holds (caller, order_id) WHERE state <> 'DECLINED';

CREATE TABLE requests (
  caller       text   NOT NULL,
  request_id   text   NOT NULL,
  print        bigint NOT NULL, -- of the body
  account_id   bigint NOT NULL,
  n            int    NOT NULL,
  decision     text   NOT NULL,
  reason       text,
  credit_limit bigint NOT NULL, -- headroom then
  held         bigint NOT NULL,
  posted       bigint NOT NULL,
  created      timestamptz NOT NULL,
  PRIMARY KEY (caller, request_id)
);

CREATE TABLE journal (
  sequence     bigint GENERATED ALWAYS AS IDENTITY (CACHE 32) PRIMARY KEY,
  at           timestamptz NOT NULL,
  account_id   bigint NOT NULL,
  n            int    NOT NULL,
  fact         text   NOT NULL,
  currency     text   NOT NULL,
  debit        text,  -- the book that the amount goes to, and the one that it comes from: none moves for a decline
  credit       text,
  amount       bigint NOT NULL,
  CHECK ((debit IS NULL) = (amount = 0) AND (credit IS NULL) = (amount = 0))
);

CREATE TYPE answer AS (
  decision text, reason text, account_id bigint, n int, credit_limit bigint, held bigint, available bigint, replayed boolean
);

CREATE FUNCTION authorize(
  p_caller text, p_request text, p_account bigint, p_scene smallint, p_order text, p_carrier text, p_phone text,
  p_currency text, p_amount bigint, p_lifetime interval DEFAULT '30 minutes'
) RETURNS answer LANGUAGE plpgsql AS $$
DECLARE
  v_print bigint := hashtextextended(concat_ws('|', p_account, p_scene, p_order, p_carrier, p_phone, p_currency, p_amount, p_lifetime), 0);
  v_now   timestamptz := clock_timestamp();
  r       requests;
  a       accounts;
  v_state  text := 'HELD';
  v_reason text;
BEGIN
  IF p_amount <= 0 OR p_request = '' OR p_order = '' THEN
    RAISE EXCEPTION 'INVALID_REQUEST';
  END IF;
  SELECT * INTO r FROM requests WHERE caller = p_caller AND request_id = p_request;
  IF FOUND THEN
    IF r.print <> v_print THEN
      RAISE EXCEPTION 'REQUEST_ID_REUSED';
    END IF;
    RETURN ROW(r.decision, r.reason, r.account_id, r.n, r.credit_limit, r.held, r.credit_limit - r.held - r.posted, true);
  END IF;

  -- Approved, as nearly all are, it is one update; 64 is as many holds as an account may have.
  UPDATE accounts SET held = held + p_amount, open_holds = open_holds + 1, last_n = last_n + 1
   WHERE id = p_account AND currency = p_currency AND open_holds < 64 AND credit_limit - held - posted >= p_amount
  RETURNING * INTO a;
  IF NOT FOUND THEN
    UPDATE accounts SET last_n = last_n + 1 WHERE id = p_account RETURNING * INTO a;
    CASE
      WHEN NOT FOUND THEN RAISE EXCEPTION 'ACCOUNT_NOT_FOUND';
      WHEN a.currency <> p_currency THEN RAISE EXCEPTION 'CURRENCY_MISMATCH';
      WHEN a.open_holds >= 64 THEN v_reason := 'TOO_MANY_HOLDS';
      WHEN a.credit_limit - a.held - a.posted < p_amount THEN v_reason := 'ACCOUNT_LIMIT';
      ELSE RAISE serialization_failure; -- there was none a moment ago, and is room now: decide again
    END CASE;
    v_state := 'DECLINED';
  END IF;

  -- A second live authorization of the order fails here, on holds_order, and takes all back.
  INSERT INTO holds VALUES (p_account, a.last_n, p_caller, p_order, p_scene, p_carrier, p_phone, p_amount,
    CASE v_state WHEN 'HELD' THEN p_amount ELSE 0 END, v_state, v_reason, v_now, CASE v_state WHEN 'HELD' THEN v_now + p_lifetime END);
  IF v_state = 'HELD' THEN
    INSERT INTO journal (at, account_id, n, fact, currency, debit, credit, amount)
    VALUES (v_now, p_account, a.last_n, 'APPROVED', p_currency, 'held', 'available', p_amount);
  ELSE
    INSERT INTO journal (at, account_id, n, fact, currency, amount) VALUES (v_now, p_account, a.last_n, v_reason, p_currency, 0);
  END IF;
  INSERT INTO requests VALUES (p_caller, p_request, v_print, p_account, a.last_n,
    CASE v_state WHEN 'HELD' THEN 'APPROVED' ELSE 'DECLINED' END, v_reason, a.credit_limit, a.held, a.posted, v_now);
  RETURN ROW(CASE v_state WHEN 'HELD' THEN 'APPROVED' ELSE 'DECLINED' END, v_reason, p_account, a.last_n, a.credit_limit, a.held,
    a.credit_limit - a.held - a.posted, false);
END $$;

-- An id of 36 characters that begins with the time, as a UUIDv7 does: random ones would spread over the whole index.
CREATE FUNCTION fresh_id(dice bigint) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000000)::bigint), 16, '0') || '-' || lpad(to_hex(dice), 19, '0')
$$;

-- What the books must say of each other, whatever was asked: NULL when they do.
CREATE FUNCTION faults() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(fault, '; ') FROM (
    SELECT 'accounts and holds do not add up' AS fault
     WHERE EXISTS (SELECT FROM accounts a LEFT JOIN (SELECT account_id, sum(held) AS held, count(*) AS all_of_it,
             count(*) FILTER (WHERE state = 'HELD') AS open FROM holds GROUP BY account_id) h ON h.account_id = a.id
           WHERE a.held <> coalesce(h.held, 0) OR a.open_holds <> coalesce(h.open, 0) OR a.last_n <> coalesce(h.all_of_it, 0)
              OR a.held + a.posted > a.credit_limit)
    UNION ALL SELECT 'journal and accounts do not add up'
     WHERE (SELECT coalesce(sum(amount), 0) FROM journal WHERE debit = 'held') <> (SELECT coalesce(sum(held), 0) FROM accounts)
    UNION ALL SELECT 'not every decision has its request, hold and entry'
     WHERE (SELECT count(*) FROM requests) <> (SELECT count(*) FROM holds)
        OR (SELECT count(*) FROM journal) <> (SELECT count(*) FROM holds)
  ) found
$$;

-- It does what it says.
DO $$
DECLARE
  first answer; again answer;
BEGIN
  INSERT INTO accounts (id, currency, credit_limit) VALUES (0, 'CNY', 100);
  first := authorize('gw', 'r1', 0, 1::smallint, 'o1', 'cmcc', 'p', 'CNY', 60);
  ASSERT first.decision = 'APPROVED' AND first.available = 40 AND NOT first.replayed;
  again := authorize('gw', 'r1', 0, 1::smallint, 'o1', 'cmcc', 'p', 'CNY', 60);
  ASSERT again.decision = 'APPROVED' AND again.n = first.n AND again.replayed, 'the first answer again';
  again := authorize('gw', 'r2', 0, 1::smallint, 'o2', 'cmcc', 'p', 'CNY', 41);
  ASSERT again.decision = 'DECLINED' AND again.reason = 'ACCOUNT_LIMIT' AND again.available = 40;
  again := authorize('gw', 'r3', 0, 1::smallint, 'o2', 'cmcc', 'p', 'CNY', 40);
  ASSERT again.decision = 'APPROVED' AND again.available = 0, 'a declined order may be tried again';
  again := authorize('gw', 'r2', 0, 1::smallint, 'o2', 'cmcc', 'p', 'CNY', 41);
  ASSERT again.decision = 'DECLINED' AND again.available = 40 AND again.replayed, 'declines are remembered';
  again := authorize('shop', 'r1', 0, 1::smallint, 'o1', 'cmcc', 'p', 'CNY', 1);
  ASSERT again.decision = 'DECLINED', 'ids belong to a caller';
  BEGIN
    PERFORM authorize('gw', 'r1', 0, 1::smallint, 'o1', 'cmcc', 'p', 'CNY', 61);
    ASSERT false, 'another body is refused';
  EXCEPTION WHEN raise_exception THEN
    ASSERT sqlerrm = 'REQUEST_ID_REUSED';
  END;
  UPDATE accounts SET credit_limit = 200 WHERE id = 0;
  BEGIN
    PERFORM authorize('gw', 'r4', 0, 1::smallint, 'o1', 'cmcc', 'p', 'CNY', 1);
    ASSERT false, 'an order has one live authorization';
  EXCEPTION WHEN unique_violation THEN
  END;
  ASSERT faults() IS NULL, faults();
END $$;
TRUNCATE accounts, holds, requests, journal;
