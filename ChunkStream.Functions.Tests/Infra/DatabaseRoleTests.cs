using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Infra;

/// <summary>
/// The program that azd runs after it has made the database. Postgres is real; the function that makes a role of an
/// identity is Azure's, and one of the tests stands for it.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class DatabaseRoleTests(RealPostgres postgres)
{
    private const string Identity = "id-with \"quotes'";
    private const string Principal = "11111111-2222-3333-4444-555555555555";

    [Fact]
    public async Task It_makes_the_identity_a_role_that_may_read_and_make_a_schema_and_nothing_more()
    {
        await using var tokens = await TokenEndpoint.StartAsync();
        var server = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        tokens.Token = server.Password!;
        await MaintainAsync("""
            create or replace function pgaadauth_create_principal_with_oid(
                name text, principal text, kind text, is_admin boolean, is_mfa boolean) returns text
            language plpgsql as $$ begin
                if kind <> 'service' or is_admin then raise 'not so'; end if;
                execute format('create role %I login', name);
                execute format('comment on role %I is %L', name, principal);
                return name;
            end $$
            """);
        try
        {
            await postgres.ExecuteAsync("create table if not exists before_the_role as select 1 as n");
            Assert.Equal((0, Said("is a role of the server now"), ""), await RunAsync(tokens, server));
            Assert.Equal((0, Said("was a role of the server already"), ""), await RunAsync(tokens, server));
            await postgres.ExecuteAsync("create table after_the_role as select 1 as n");

            var rights = await postgres.ColumnAsync("""
                select concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb,
                    has_database_privilege(oid, 'chunkstream', 'create'),
                    has_schema_privilege(oid, 'public', 'create'),
                    has_table_privilege(oid, 'before_the_role', 'select'),
                    has_table_privilege(oid, 'after_the_role', 'select'),
                    has_table_privilege(oid, 'after_the_role', 'insert'),
                    shobj_description(oid, 'pg_authid'))
                from pg_roles where rolname like 'id-with%'
                """);
            Assert.Equal([$"f f f t f t t f {Principal}"], rights);
        }
        finally
        {
            await MaintainAsync("drop function pgaadauth_create_principal_with_oid");
            await postgres.ExecuteAsync("""
                drop table if exists before_the_role, after_the_role;
                drop owned by "id-with ""quotes'";
                drop role "id-with ""quotes'";
                """);
        }

        static string Said(string what) => $"{Identity} {what}, and may use the database chunkstream.\n";
    }

    [Fact]
    public async Task For_a_private_database_it_says_what_an_administrator_has_to_run()
    {
        await using var tokens = await TokenEndpoint.StartAsync();
        var (exitCode, said, errors) = await RunAsync(tokens, new("Host=10.0.0.1"), isPrivate: true);

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("\\connect postgres\nselect pgaadauth_create_principal_with_oid('id-with \"quotes''', ", said,
            StringComparison.Ordinal);
        Assert.Contains("grant connect, create on database \"chunkstream\" to \"id-with \"\"quotes'\";", said,
            StringComparison.Ordinal);
        Assert.Empty(tokens.Asked);
    }

    [Fact]
    public async Task Where_it_fails_it_says_so_and_how_to_try_again()
    {
        await using var tokens = await TokenEndpoint.StartAsync();
        var (exitCode, _, errors) = await RunAsync(tokens, new NpgsqlConnectionStringBuilder("Host=127.0.0.1;Port=1"));

        Assert.Equal(1, exitCode);
        Assert.StartsWith("The app's role was not made: ", errors, StringComparison.Ordinal);
        Assert.Contains("azd hooks run postprovision", errors, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Said, string Errors)> RunAsync(
        TokenEndpoint tokens, NpgsqlConnectionStringBuilder server, bool isPrivate = false)
    {
        var program = Path.Combine(Built.Folder("infra", "DatabaseRole"), "DatabaseRole.dll");
        await using var run = RunningProgram.Start(
            "dotnet", [program], null,
            [
                .. tokens.Environment, ("APP_IDENTITY_NAME", Identity), ("APP_IDENTITY_PRINCIPAL_ID", Principal),
                ("POSTGRES_HOST", $"{server.Host}:{server.Port}"), ("POSTGRES_DATABASE", "chunkstream"),
                ("POSTGRES_ADMIN", server.Username ?? "nobody"), ("POSTGRES_IS_PRIVATE", $"{isPrivate}"),
            ]);
        return await run.EndAsync();
    }

    private async Task MaintainAsync(string sql)
    {
        var server = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
        {
            Database = "postgres",
            Pooling = false,
        };
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
