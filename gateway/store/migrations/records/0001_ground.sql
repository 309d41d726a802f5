-- Records of Sealgate, form 1. What stays readable here is listed in SCHEMA.md.
-- Times are whole seconds since 1970 UTC; ids are 16 bytes, digests 32.

create table letters (
    id              blob    not null,
    sender          text    not null,
    message_id_hash blob,
    created         bigint  not null,
    expires         bigint  not null,
    size            bigint  not null,
    raw_download    bigint  not null,
    place           bigint  not null,
    sealed          blob
);
create unique index letters_id on letters (id);
create index letters_created on letters (created, id);
create index letters_message on letters (message_id_hash) where message_id_hash is not null;

create table grants (
    id         blob    not null,
    letter     blob    not null,
    recipient  text    not null,
    mailbox    text    not null,
    rights     bigint  not null,
    sender     text    not null,
    template   text    not null,
    download   bigint  not null,
    commitment blob    not null,
    verifier   blob    not null,
    created    bigint  not null,
    state      bigint  not null,
    state_at   bigint  not null,
    mark       blob    not null,
    opened     bigint,
    wrap       blob,
    summary    blob
);
create unique index grants_id on grants (id);
create index grants_letter on grants (letter);
create index grants_active on grants (state_at) where state = 1;
create index grants_ended on grants (state_at) where state <> 1;

create table challenges (
    id       blob   not null primary key,
    grant_id blob   not null,
    mailbox  text   not null,
    browser  blob   not null,
    known    bigint not null,
    asked    bigint not null,
    starts   bigint not null,
    created  bigint,
    ends     bigint not null,
    asks     bigint not null,
    tries    bigint not null,
    used     bigint
);
create index challenges_browser on challenges (grant_id, browser);
create index challenges_mailbox on challenges (mailbox, asked);
create index challenges_ends on challenges (ends);

create table visits (
    token    blob   not null primary key,
    grant_id blob   not null,
    opened   bigint not null,
    until    bigint not null
);
create index visits_until on visits (until);
create index visits_grant on visits (grant_id);

create table browsers (
    mailbox text   not null,
    browser blob   not null,
    until   bigint not null,
    primary key (mailbox, browser)
);
create index browsers_until on browsers (until);

create table served (
    sender    text   not null,
    digest    blob   not null,
    recipient text   not null,
    state     bigint not null,
    at        bigint not null,
    primary key (sender, digest, recipient)
);
create index served_at on served (at);

create table outbox (
    id       blob   not null primary key,
    created  bigint not null,
    due      bigint not null,
    attempts bigint not null,
    item     blob   not null
);
create index outbox_due on outbox (due);

create table threads (
    message      blob   not null primary key,
    participants text   not null,
    rights       bigint not null,
    until        bigint not null
);
create index threads_until on threads (until);

create table nonces (
    id    blob   not null primary key,
    until bigint not null
);
create index nonces_until on nonces (until);

create table audit (
    seq      bigint not null primary key,
    at       bigint not null,
    kind     text   not null,
    letter   blob,
    body     text   not null,
    previous blob   not null,
    hash     blob   not null
);
create index audit_letter on audit (letter, seq) where letter is not null;
create index audit_kind on audit (kind, seq);

-- Written to see whether it can be, and to bring earlier unsynced commits to the disk.
create table alive (at bigint not null);
insert into alive (at) values (0);
