-- How many bytes of each audit journal stand in the table `audit` (SCHEMA.md, "Audit").
create table journals (
    name  text   not null primary key,
    taken bigint not null
);
