-- How often the person corrected the name after a right password; 0 when the request ends, since it says that there was no
-- record.
ALTER TABLE requests ADD COLUMN corrections BIGINT NOT NULL DEFAULT 0;
