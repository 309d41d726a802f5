-- The label of mail from inside, so that a reply with a lower one is noticed; null: taken off for a
-- reason that was given.
create table thread_labels (
    message blob   not null primary key,
    label   text,
    until   bigint not null
);
create index thread_labels_until on thread_labels (until);
