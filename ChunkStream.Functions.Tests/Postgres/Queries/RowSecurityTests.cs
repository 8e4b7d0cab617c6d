using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Queries;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

/// <summary>Warnings of tables of which every user sees every row.</summary>
[Collection(RealPostgres.Collection)]
public sealed class RowSecurityTests(RealPostgres postgres) : IAsyncLifetime
{
    public Task InitializeAsync() => postgres.ExecuteAsync(
        """
        create schema guarded;
        set search_path = guarded;
        create role guarded_reader;
        create role guarded_owner in role guarded_reader;
        create role guarded_bypass bypassrls;
        grant usage on schema guarded to guarded_reader, guarded_owner, guarded_bypass;

        create table letters (id int, owner text);
        alter table letters enable row level security;
        create policy own on letters using (owner = current_setting('request.jwt.claim.sub', true));
        create table plain (id int, owner text);
        create table members (team int, member text);
        create table papers (id int, team int);
        alter table papers enable row level security;
        create policy of_team on papers using (team in (
          select m.team from guarded.members m where m.member = current_setting('request.jwt.claim.sub', true)));
        create table forced (id int);
        alter table forced owner to guarded_owner;
        alter table forced enable row level security;
        alter table forced force row level security;
        create table years (id int, year int) partition by list (year);
        create table year_2026 partition of years for values in (2026);
        alter table years enable row level security;
        create policy positive on years using (id > 0);
        create table parent (id int);
        create table child (more int) inherits (parent);
        alter table parent enable row level security;
        create policy positive on parent using (id > 0);

        create view by_owner as select * from letters;
        create view by_caller with (security_invoker = true) as select * from letters;
        create view by_caller_on with (security_invoker = on) as select l.id, m.team from letters l, members m;
        create view caller_over_owner with (security_invoker) as select * from by_owner;
        create view owner_over_caller as select * from by_caller;
        create view owner_over_owner as select o.id from by_owner o where exists (select from plain);
        create view bound_owner as select * from letters;
        alter view bound_owner owner to guarded_reader;
        create view owner_of_forced as select * from forced;
        alter view owner_of_forced owner to guarded_owner;
        create view by_bypass as select * from letters;
        alter view by_bypass owner to guarded_bypass;
        create view catalogue as select relname from pg_catalog.pg_class;
        create materialized view kept as select * from letters;
        create function inlined() returns setof plain language sql stable as 'select * from guarded.plain';
        create view "Odd View" as select * from letters;

        grant select on all tables in schema guarded to guarded_reader, guarded_owner, guarded_bypass;
        """);

    public Task DisposeAsync() => postgres.ExecuteAsync(
        """
        drop schema guarded cascade;
        drop role guarded_owner;
        drop role guarded_reader;
        drop role guarded_bypass;
        """);

    [Fact]
    public async Task Whoever_lets_all_users_see_all_rows_of_a_table_is_named()
    {
        const string Invoker = " (with security_invoker = true, the view would read it as the caller)";
        const string ByOwner = "guarded.letters|the view guarded.by_owner reads it as its owner, and the role postgres "
            + "bypasses row-level security" + Invoker;
        const string NotEnabled = "row-level security is not enabled on it";
        (string Sql, string[] Warnings)[] cases =
        [
            ("select * from guarded.letters", []),
            ("select * from guarded.plain", [$"guarded.plain|{NotEnabled}"]),

            // A policy may look into a table that is nobody's to read. Whoever reads it by name reads all of it.
            ("select * from guarded.papers", []),
            ("select p.id from guarded.papers p join guarded.members m using (team)",
                [$"guarded.members|{NotEnabled}"]),

            // The policies of the table that is named count, and not those of its partitions and children.
            ("select * from guarded.years", []),
            ("select * from guarded.year_2026", [$"guarded.year_2026|{NotEnabled}"]),
            ("select * from guarded.parent", []),
            ("select * from guarded.child", [$"guarded.child|{NotEnabled}"]),

            // A view reads its tables as its owner, unless it says otherwise; each view for itself.
            ("select * from guarded.by_owner", [ByOwner]),
            ("select * from (select id from guarded.by_owner) letters", [ByOwner]),
            ("select * from guarded.by_caller", []),
            ("select * from guarded.by_caller_on", [$"guarded.members|{NotEnabled}"]),
            ("select * from guarded.caller_over_owner", [ByOwner]),
            ("select * from guarded.owner_over_caller", []),
            ("select * from guarded.owner_over_owner",
                [ByOwner, $"guarded.plain|the view guarded.owner_over_owner reads it as its owner, and {NotEnabled}"]),
            ("select * from guarded.bound_owner", []),
            ("select * from guarded.owner_of_forced", []),
            ("select * from guarded.by_bypass",
                ["guarded.letters|the view guarded.by_bypass reads it as its owner, and the role guarded_bypass "
                    + "bypasses row-level security" + Invoker]),
            ("select * from guarded.\"Odd View\"",
                ["guarded.letters|the view guarded.\"Odd View\" reads it as its owner, and the role postgres "
                    + "bypasses row-level security" + Invoker]),
            ("select * from guarded.catalogue", []),
            ("select * from guarded.kept", ["guarded.kept|a materialized view has no row-level security"]),
            ("select * from guarded.inlined()", [$"guarded.plain|{NotEnabled}"]),
            ("select relname from pg_catalog.pg_class", []),
            ("select 1 as n", []),
        ];
        foreach (var (sql, expected) in cases)
        {
            Assert.Equal(
                string.Join('\n', expected.Select(Sentence).Prepend(sql)),
                string.Join('\n', (await WarningsAsync("guarded_reader", sql)).Prepend(sql)));
        }

        // The role of the query.
        Assert.Equal(
            [Sentence("guarded.letters|the role guarded_bypass bypasses row-level security")],
            await WarningsAsync("guarded_bypass", "select * from guarded.letters"));
        await postgres.ExecuteAsync("alter table guarded.forced no force row level security");
        Assert.Equal(
            [Sentence("guarded.forced|the role guarded_owner owns it, and it has no FORCE ROW LEVEL SECURITY")],
            await WarningsAsync("guarded_owner", "select * from guarded.forced"));
    }

    private async Task<IEnumerable<string>> WarningsAsync(string role, string sql)
    {
        var (file, mistakes) = QueryFile.Parse("guarded", $"-- access: user\n-- role: {role}\n{sql}");
        Assert.Empty(mistakes);
        var check = new QueryCheck(postgres.Database, Options.Create(new QueryOptions()));
        var answer = await check.CheckAsync(file!, CancellationToken.None).Within();
        Assert.Empty(answer.Mistakes);
        return answer.Warnings.Select(warning => warning.Reason);
    }

    private static string Sentence(string warning)
        => $"Every user sees every row of {warning.Replace("|", " that this query asks for: ")}.";
}
