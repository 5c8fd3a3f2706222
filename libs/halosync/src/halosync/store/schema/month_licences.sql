-- What the licences of a month hold, as last read or written (spec section 11).

-- What the licence of a thing bills now, as last read or written: nothing if it is gone or inactive.
CREATE OR REPLACE FUNCTION licence_amount(h halo_licence, price_field text) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN h.is_active AND h.removed_at IS NULL THEN round(coalesce(h.quantity, 0) * coalesce(
        CASE WHEN price_field = 'purchase_price' THEN h.purchase_price ELSE h.price END, 0), 2) ELSE 0.00 END
$$;

-- Whether a licence, as last read or written, is in this state; with no activity: whether it is gone.
CREATE OR REPLACE FUNCTION licence_is(
    h halo_licence, price_field text, quantity numeric, price numeric, billing_cycle text, active boolean
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN active IS NULL THEN h.halo_licence_id IS NULL OR h.removed_at IS NOT NULL
                ELSE h.removed_at IS NULL AND h.is_active = active AND h.quantity IS NOT DISTINCT FROM quantity
                     AND billing_cycle_key(h.billing_cycle) = billing_cycle_key(billing_cycle)
                     AND CASE WHEN price_field = 'purchase_price' THEN h.purchase_price ELSE h.price END
                         IS NOT DISTINCT FROM price
           END IS TRUE
$$;
