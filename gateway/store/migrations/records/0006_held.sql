-- Mail that waits for somebody's approval. All but times, sizes and states is closed under the
-- server key.
create table held (
    id       blob   not null primary key,
    created  bigint not null,
    size     bigint not null,
    due      bigint not null,
    attempts bigint not null,
    decided  bigint not null,
    head     blob   not null,
    decision blob
);
create index held_due on held (due);
create index held_created on held (created, id);
create index held_size on held (size);

create table held_parts (
    id     blob   not null,
    number bigint not null,
    part   blob   not null,
    primary key (id, number)
);
