-- A library as scripts of the year 2000 declare one: sysobjects, batches, bound defaults and rules, sp_addtype,
-- dates as people write them, double-quoted names. Made for tests.
:setvar Library "old_style"
set nocount on
set dateformat mdy
if @@error != 0
    set noexec on
use master
go
declare @started varchar(30)
select @started = convert(varchar(20), 7) + '!'
raiserror('Making the library at %s ....', 1, 1, @started) with nowait
if exists (select * from sysdatabases where name = 'old_style')
begin
	raiserror('It is there already', 16, 1)
end
go
checkpoint
go
declare @folder nvarchar(520), @sql nvarchar(max) = N'create '
select @folder = substring(filename, 1, charindex(N'master.mdf', lower(filename)) - 1)
from master.dbo.sysaltfiles where dbid = 1 and fileid = 1
select @sql += N'database '
set @sql += N'$(Library)'
exec sp_executesql @sql
if @folder is null
    execute (N'create database x on primary (name = N''x'', filename = N''' + @folder + N'x.mdf'')')
go
use $(Library)
go
if db_name() = 'old_style'
   raiserror('Made.', 1, 1)
else
   raiserror('Not made.', 16, 1)
go
execute sp_dboption 'old_style', 'trunc. log on chkpt.', 'true'
go
set quoted_identifier on
GO
/* What is there goes first. */
if exists (select * from sysobjects where id = object_id('dbo.Loans') and sysstat & 0xf = 3)
	drop table "dbo"."Loans"
GO
if exists (select * from dbo.sysobjects where id = object_id(N'[dbo].[Shelf List]') and OBJECTPROPERTY(id, N'IsView') = 1)
drop view [dbo].[Shelf List]
GO
execute sp_addtype shelfmark, 'varchar(11)', 'NOT NULL'
execute sp_addtype member_no, 'char(6)', 'NOT NULL'
go
CREATE DEFAULT unknown_place AS 'nowhere'
go
CREATE DEFAULT today AS getdate()
go
CREATE RULE some_days AS @days between 1 and 90
go
CREATE TABLE Members
(
   member_id   member_no
      CONSTRAINT UPKCL_member PRIMARY KEY CLUSTERED
      CHECK (member_id like '[A-Z][0-9][0-9][0-9][0-9][0-9]'),
   name        varchar(40)   NOT NULL DEFAULT ('UNKNOWN'),
   phone       char(12)      NOT NULL DEFAULT ('UNKNOWN'),
   city        varchar(20)   NULL,
   joined      "datetime"    NULL,
   photo       "image"       NULL,
   notes       "ntext"       NULL
)
go
CREATE TABLE "Loans" (
	"LoanID" "int" IDENTITY (1, 1) NOT NULL ,
	"MemberID" member_no ,
	"Mark" shelfmark ,
	"Out" "datetime" NULL ,
	"Days" "int" NULL ,
	"Fine" "money" NULL CONSTRAINT "DF_Loans_Fine" DEFAULT (0),
	"Damaged" "bit" NOT NULL CONSTRAINT "DF_Loans_Damaged" DEFAULT (0),
	CONSTRAINT "PK_Loans" PRIMARY KEY  CLUSTERED
	(
		"LoanID"
	),
	CONSTRAINT "FK_Loans_Members" FOREIGN KEY
	(
		"MemberID"
	) REFERENCES "dbo"."Members" (
		"member_id"
	),
	CONSTRAINT "CK_Fine" CHECK ("Fine" >= 0 and ("Days" > 0))
)
GO
 CREATE  INDEX "MemberID" ON "dbo"."Loans"("MemberID")
GO
 CREATE  INDEX "Out" ON "dbo"."Loans"("Out" desc) with fillfactor = 70
GO
exec sp_bindefault 'unknown_place', 'Members.city'
exec sp_bindefault 'today', '[Members].[joined]'
exec sp_bindrule 'some_days', 'Loans.Days'
go
create view "Shelf List" AS
SELECT Loans.Mark, Members.name
FROM Members INNER JOIN Loans ON Members.member_id = Loans.MemberID
GO
create procedure "Overdue by Days" @Days int = 14 AS
if @Days < 1
   return
SELECT * FROM "Shelf List"
GO
create trigger no_zero on Loans for insert, update as
if @@ROWCOUNT = 0 return
raiserror('checked', 1, 1)
go
insert Members (member_id, name, phone) values ('A10001', 'O''Hara', '415 555-0100')
insert Members values ('B20002', 'Ines', '030 555-0199', 'Graz', '7/4/1996', 0x15, N'été')
insert into Members (member_id, name, phone, city, joined)
values('C30003', 'Tom', 'UNKNOWN', null, 'Jul 14 1996 3:05PM')
go
set identity_insert "Loans" on
go
ALTER TABLE "Loans" NOCHECK CONSTRAINT ALL
go
INSERT "Loans"("LoanID","MemberID","Mark","Out","Days","Fine","Damaged") VALUES(10,'A10001','ML 410','06/12/94',14,$1.50,0)
INSERT "Loans"("LoanID","MemberID","Mark","Out","Days","Fine","Damaged") VALUES(11,'B20002','QA 76',N'19960705',NULL,NULL,1)
INSERT INTO "Loans"("LoanID","MemberID","Mark","Out","Days")
VALUES(12,'C30003','PR 1','4-Jul-96 12:00AM',7)
go
ALTER TABLE "Loans" CHECK CONSTRAINT ALL
go
set identity_insert "Loans" off
go
insert into Loans (MemberID, Mark, Out)
select member_id, 'ZZ ' + city, joined from Members where city is not null
go
exec sp_rename 'Loans.Out', 'Lent', 'COLUMN'
go
exec sp_rename 'Loans.Out', 'IX_Lent', 'INDEX'
go
EXEC sp_rename N'dbo.Members', N'Readers'
go
sp_grantdbaccess 'guest1', 'guest1'
go
GRANT SELECT, INSERT ON Loans TO guest1
go
grant all on Readers to public
go
deny update on Loans (Fine) to guest1
go
UPDATE STATISTICS Loans
go
backup log old_style with truncate_only
go
use master
go
