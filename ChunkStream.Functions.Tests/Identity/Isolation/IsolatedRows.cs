using System.Globalization;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Identity.Isolation;

/// <summary>
/// Rows of many users, the policies that keep them apart, and queries for users and for everyone. The login of the
/// tests is a superuser: whatever forgets role or claims gives the rows of all.
/// </summary>
internal static class IsolatedRows
{
    public const int Users = 64;
    public const string Reader = "isolated_reader";
    public const string Auditor = "isolated_auditor";

    private const int TeamSize = 8;
    private const int RowsAUser = 40;

    // What a query sees of its caller stands in each row.
    private const string Caller =
        "current_user::text as role, current_setting('request.jwt.claims')::json ->> 'sub' as sub,"
        + " current_setting('request.jwt.claim.sub') as subject, isolated_pause(id) as pause";

    // What a query sees that is for nobody in particular.
    private const string Nobody =
        """
        select coalesce(current_setting('request.jwt.claims', true), '') as claims,
          coalesce(current_setting('request.jwt.claim.sub', true), '') as sub,
          current_setting('role') as role, current_user = session_user as own,
          (select count(*) from pg_prepared_statements) as prepared
        """;

    /// <summary>The row of a query that sees nobody.</summary>
    public const string NobodysRow = """{"claims":"","sub":"","role":"none","own":true,"prepared":0}""";

    /// <summary>The queries that give users their rows; an auditor gets those of its team by one of them.</summary>
    public static IReadOnlyList<UserQuery> Queries { get; } =
    [
        new("mine", HasKey: true, IsByClaim: false),
        new("by-claim", HasKey: true, IsByClaim: true),
        new("bound", HasKey: true, IsByClaim: false) { Role = "postgres" },
        new("unkeyed", HasKey: false, IsByClaim: false),
    ];

    public static QueryFiles Files() => new QueryFiles()
        .With("mine", $"-- access: user\n-- role: {Reader}\n-- key: id\nselect id, owner, team, {Caller} from isolated")
        .With("by-claim", "-- access: user(reader, auditor)\n-- role: claim(app.role)\n-- key: id\n"
            + $"select id, owner, team, {Caller} from isolated")
        .With("bound", "-- access: user\n-- param: who text = claim(sub)\n-- key: id\n"
            + $"select id, owner, team, {Caller} from isolated_open where owner = @who")
        .With("unkeyed", $"-- access: user\n-- role: {Reader}\nselect id, owner, team, {Caller} from isolated")
        .With("fails-first", $"-- access: user\n-- role: {Reader}\n-- errors: shown\n"
            + "select isolated_fail(current_setting('request.jwt.claim.sub')) as failed")
        .With("fails-later", $"-- access: user\n-- role: {Reader}\n-- errors: shown\n"
            + $"select id, owner, team, {Caller}, case when row_number() over () = {RowsAUser / 2}"
            + " then isolated_fail(current_setting('request.jwt.claim.sub')) end as failed from isolated")
        .With("no-right", $"-- access: user\n-- role: {Reader}\n-- key: id\nselect id from isolated_open")
        .With("for-everyone", $"-- access: anonymous\n{Nobody}")
        .With("for-machines", Nobody);

    /// <summary>Makes the tables and the roles anew.</summary>
    public static async Task CreateAsync(RealPostgres postgres)
    {
        await DropAsync(postgres);
        await postgres.ExecuteAsync(
            $"""
            create role {Reader};
            create role {Auditor};
            create table isolated (id int primary key, owner text not null, team text not null);
            insert into isolated select n, 'user-' || n % {Users}, 'team-' || n % {Users} / {TeamSize}
              from generate_series(0, {(RowsAUser * Users) - 1}) n;
            create table isolated_open (like isolated including all);
            insert into isolated_open select * from isolated;
            alter table isolated enable row level security;
            create policy own on isolated to {Reader} using (owner = current_setting('request.jwt.claim.sub', true)
              and owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
            create policy team on isolated to {Auditor} using (
              team = current_setting('request.jwt.claims', true)::json ->> 'team');
            grant select on isolated to {Reader}, {Auditor};
            create function isolated_pause(id int) returns text language plpgsql as
              $$ begin if id % 7 = 0 then perform pg_sleep(0.002); end if; return ''; end $$;
            create function isolated_fail(who text) returns text language plpgsql as
              $$ begin raise exception 'not for %!', who using errcode = 'PT409'; end $$;
            analyze isolated;
            """);
    }

    public static Task DropAsync(RealPostgres postgres) => postgres.ExecuteAsync(
        $"""
        drop table if exists isolated, isolated_open;
        drop function if exists isolated_pause, isolated_fail;
        drop role if exists {Reader};
        drop role if exists {Auditor};
        """);

    public static string NameOf(int user) => string.Create(CultureInfo.InvariantCulture, $"user-{user}");

    public static string TeamOf(int user) => string.Create(CultureInfo.InvariantCulture, $"team-{user / TeamSize}");

    /// <summary>The role that a user's claim names. One user of each team may see the rows of all of it.</summary>
    public static string RoleOf(int user) => user % TeamSize == 0 ? Auditor : Reader;

    /// <summary>The claims that a user has beside those of everyone.</summary>
    public static void Claim(JsonObject claims, int user)
        => (claims["team"], claims["app"]) = (TeamOf(user), new JsonObject { ["role"] = RoleOf(user) });

    /// <summary>The rows that a query has for a user, in order.</summary>
    public static int[] Expected(UserQuery query, int user) =>
    [
        .. Enumerable.Range(0, RowsAUser * Users).Where(id => query.RoleFor(user) == Auditor
            ? id % Users / TeamSize == user / TeamSize
            : id % Users == user),
    ];
}

/// <summary>A query that gives a user's rows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="HasKey">Whether it can be resumed.</param>
/// <param name="IsByClaim">Whether a claim names its role.</param>
internal sealed record UserQuery(string Name, bool HasKey, bool IsByClaim)
{
    /// <summary>The role as which it runs, if the file decides it.</summary>
    public string Role { get; init; } = IsolatedRows.Reader;

    /// <summary>The role as which it runs for a user.</summary>
    public string RoleFor(int user) => IsByClaim ? IsolatedRows.RoleOf(user) : Role;

    public override string ToString() => Name;
}
