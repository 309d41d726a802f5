-- Wrong codes typed for one grant by browsers that never proved its mailbox, since when; and
-- whether a challenge asks for the longer code that they lead to.
alter table challenges add column long bigint not null default 0;

create table guesses (
    grant_id blob   not null primary key,
    since    bigint not null,
    failed   bigint not null
);
create index guesses_since on guesses (since);
