-- Until when somebody is carrying a decision out, so that nobody takes it back meanwhile; whose mail
-- it is (a MAC under the server key), so that one sender does not fill the place; whether those who
-- approve were told of it, and when they were told last.
alter table held add column leased bigint not null default 0;
alter table held add column sender blob   not null default x'';
alter table held add column told   bigint not null default 0;
create index held_sender on held (sender, size);
create index held_told on held (told, created, id);

create table approvers_told (
    one bigint not null primary key,
    at  bigint not null
);
