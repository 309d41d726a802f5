-- What the audit log was told of a visit: the first time an event happens it is a row there, and
-- from then on counted here until the visit is over.
create table tellings (
    visit blob   not null,
    body  text   not null,
    first bigint not null,
    last  bigint not null,
    times bigint not null,
    until bigint not null,
    primary key (visit, body)
);
create index tellings_until on tellings (until);
