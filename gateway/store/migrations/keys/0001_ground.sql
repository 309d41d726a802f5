-- Shred keys, each closed under the server key. Not part of the store's backups.
-- An ended row keeps when and why, so that a restored backup of the records cannot open again.

create table shred_keys (
    grant_id blob   not null,
    letter   blob   not null,
    created  bigint not null,
    closed   blob,
    ended    bigint,
    why      bigint
);
create unique index shred_keys_grant on shred_keys (grant_id);
create index shred_keys_letter on shred_keys (letter);
create index shred_keys_ended on shred_keys (ended) where ended is not null;

-- Written to see whether it can be.
create table alive (at bigint not null);
insert into alive (at) values (0);
