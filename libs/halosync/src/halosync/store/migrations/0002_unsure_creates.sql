-- What an earlier create may have made that nobody could look up (spec section 5.1): it must not be made twice.

-- When a licence was seen first; null: before this was kept. A licence that came after a create of unknown outcome may be
-- what became of it.
ALTER TABLE halo_licence ADD COLUMN first_seen_at timestamptz;
ALTER TABLE halo_licence ALTER COLUMN first_seen_at SET DEFAULT now();

-- The stamp that its notes carry, by which halosync knows its own row again.
ALTER TABLE halo_read_licence ADD COLUMN stamp text;

CREATE INDEX item_unsure ON item (run_id) WHERE action = 'create' AND reason = 'outcome_unknown';

-- Whether a later run knows the product's licence.
CREATE INDEX item_product ON item (run_id, halo_client_id, product_code)
    WHERE outcome = 'synced' AND halo_licence_id IS NOT NULL;
