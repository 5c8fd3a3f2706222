-- Since when a delivery is tried: it is given up after a day. What is on its way begins its day now.
ALTER TABLE notice_delivery ADD COLUMN asked_at timestamptz NOT NULL DEFAULT clock_timestamp();
