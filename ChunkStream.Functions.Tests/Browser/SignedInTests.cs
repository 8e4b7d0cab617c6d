using ChunkStream.Functions.Tests.Support;
using Microsoft.Playwright;

namespace ChunkStream.Functions.Tests.Browser;

/// <summary>
/// The page and queries for users who have signed in: tokens that are asked for, refused, kept and over.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class SignedInTests(RealPostgres postgres, Chromium chromium)
    : IClassFixture<Chromium>, IAsyncLifetime
{
    private const int Rows = 2000;

    // As fast as the table says; another query, which goes on for the first, sees what it says then.
    private const string Paced =
        "-- summary: Notes\n-- access: user(reader)\n-- key: id\n"
        + "select id, (select pg_sleep(seconds + 0 * id)::text from signed_in_pace) as slept,"
        + " current_setting('request.jwt.claims')::json ->> 'sub' as owner from signed_in_rows order by id";

    private TokenIssuer _issuer = null!;
    private LocalApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            $"""
            drop table if exists signed_in_rows, signed_in_pace;
            create table signed_in_rows as select n as id from generate_series(1, {Rows}) n;
            alter table signed_in_rows add primary key (id);
            create table signed_in_pace as select 0.02 as seconds;
            analyze signed_in_rows;
            """);
        _issuer = await TokenIssuer.StartAsync();
        _api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            new QueryFiles()
                .With("paced", Paced)
                .With("mine", "-- access: user\n-- key: id\n-- live\nselect id from signed_in_rows where id > 1998")
                .With("me", "-- access: user\nselect current_setting('request.jwt.claim.sub') as owner"),
            _issuer.Settings);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _issuer.DisposeAsync();
        await postgres.ExecuteAsync("drop table signed_in_rows, signed_in_pace;");
    }

    [ChromiumFact]
    public async Task A_token_that_ends_while_rows_arrive_is_asked_for_anew_and_the_rows_stay_and_go_on()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        await ui.WatchAsync("id");
        await Assertions.Expect(ui.Page.Locator("#source option[value=paced]")).ToHaveTextAsync("paced (sign in)");
        await ui.StartAsync("paced");
        var dialog = ui.Page.GetByRole(AriaRole.Dialog, new() { Name = "An access token is needed" });
        await Assertions.Expect(dialog).ToContainTextAsync("This query is for users who have signed in.");
        await Assertions.Expect(ui.State).ToHaveTextAsync("Waiting for an access token…");

        // What can be no token, and what the server says of those that do not hold.
        await GiveAsync(ui, "a text");
        await Assertions.Expect(ui.Page.Locator("#token-error")).ToContainTextAsync("This is no access token");
        await GiveAsync(ui, _issuer.Token(claims: claims => claims["aud"] = "api://other"));
        await Assertions.Expect(ui.Page.Locator("#token-error")).ToContainTextAsync("another audience");
        await GiveAsync(ui, _issuer.Token(claims: claims => claims["roles"] = "writer"));
        await Assertions.Expect(ui.Page.Locator("#token-error")).ToContainTextAsync("reader");
        Assert.Empty(await SeenAsync(ui));

        // Servers take a token for another 30 s. This one has half of them behind it; the rest is for a busy machine.
        await GiveAsync(ui, _issuer.Token(claims: claims => claims["exp"] = TokenIssuer.In(-15)));
        await Assertions.Expect(dialog).ToBeHiddenAsync();
        await ui.UntilAtLeastAsync("rows", 1);
        await Assertions.Expect(dialog).ToContainTextAsync("The access token expired at");
        await Assertions.Expect(dialog).ToContainTextAsync("the stream goes on where it is");
        await Assertions.Expect(
            ui.Page.Locator(".ag-cell", new() { HasTextRegex = new("^anna$") }).First).ToBeVisibleAsync();
        var before = await SeenAsync(ui);
        Assert.InRange(before.Length, 1, Rows - 1);

        await postgres.ExecuteAsync("update signed_in_pace set seconds = 0");
        await GiveAsync(ui, _issuer.Token());
        await ui.UntilAsync("Complete");
        Assert.Equal(Enumerable.Range(1, Rows), await SeenAsync(ui));
        Assert.Equal(Rows, await ui.RowsAsync());
    }

    [ChromiumFact]
    public async Task A_token_is_kept_in_the_tab_shown_by_its_name_and_its_end_and_forgotten_when_one_signs_out()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        var (addresses, brought) = (new List<string>(), new List<string>());
        ui.Page.Request += (_, request) =>
        {
            addresses.Add(request.Url);
            if (request.Headers.ContainsKey("authorization"))
                brought.Add(new Uri(request.Url).AbsolutePath);
        };

        // Who does not sign in is told what is missing.
        await ui.StartAsync("me");
        await ui.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(ui.Alert.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Not signed in");
        await ui.UntilAsync("Failed");

        await ui.ClickAsync("Sign in…");
        var expiry = TokenIssuer.In(300);
        var token = _issuer.Token("4711", claims =>
        {
            claims["name"] = "Anna <b>Berg</b>";
            claims["exp"] = expiry;
        });
        await GiveAsync(ui, $"Bearer {token}\n");
        var until = await ui.Page.EvaluateAsync<string>(
            "async (s) => (await import(new URL('user/claims.js', document.baseURI))).timeOf(new Date(s * 1000))",
            expiry);
        var who = ui.Page.Locator("#who");
        await Assertions.Expect(who).ToHaveTextAsync($"Signed in as Anna <b>Berg</b> (4711) until {until}");

        await ui.StartAsync("me");
        await ui.UntilAsync("Complete");
        await Assertions.Expect(
            ui.Page.GetByRole(AriaRole.Gridcell, new() { Name = "4711", Exact = true })).ToBeVisibleAsync();
        await ui.AssertIsNotGivenOnAsync(token);

        // A live query is followed as the user, too.
        await ui.StartAsync("mine");
        await ui.UntilAsync("Up to date");
        await ui.AssertIsNotGivenOnAsync(token);
        await postgres.ExecuteAsync("insert into signed_in_rows values (4712)");
        await Assertions.Expect(ui.Page.Locator("#live-table .ag-row")).ToHaveCountAsync(3);
        await ui.ClickAsync("Stop");
        await ui.StartAsync("me");
        await ui.UntilAsync("Complete");
        var download = await ui.Page.RunAndWaitForDownloadAsync(
            () => ui.Page.GetByRole(AriaRole.Link, new() { Name = "Download as CSV" }).ClickAsync());
        Assert.Equal("owner\r\n4711\r\n", await File.ReadAllTextAsync(await download.PathAsync()));

        await ui.Page.ReloadAsync();
        await Assertions.Expect(who).ToContainTextAsync("4711");
        await ui.StartAsync("lines", ("count", "1"));
        await ui.UntilAsync("Complete");
        Assert.Equal(["/api/public/queries/me", "/api/public/queries/mine"], brought.Distinct().Order());
        Assert.DoesNotContain(addresses, address => address.Contains(token, StringComparison.Ordinal));

        await ui.ClickAsync("Sign out");
        await Assertions.Expect(who).ToBeHiddenAsync();
        Assert.False(await ui.Page.EvaluateAsync<bool>("JSON.stringify({ ...sessionStorage }).includes('eyJ')"));
        await ui.StartAsync("me");
        await Assertions.Expect(ui.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await ui.ClickAsync("Go on without");
        await ui.UntilAsync("Failed");
    }

    [ChromiumFact]
    public async Task A_dialog_that_is_closed_and_opened_again_at_once_takes_what_it_is_given()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        await ui.ClickAsync("Sign in…");
        await ui.CloseAndOpenAgainAsync("token-dialog", "sign-in");
        await GiveAsync(ui, _issuer.Token("4711"));
        await Assertions.Expect(ui.Page.Locator("#who")).ToContainTextAsync("4711");

        // It is asked for while it is asked for: whoever asks last gets it.
        await ui.Page.EvaluateAsync(
            """
            for (let asks = 0; asks < 2; asks++) document.getElementById('sign-in').click();
            """);
        await GiveAsync(ui, _issuer.Token("4712"));
        await Assertions.Expect(ui.Page.Locator("#who")).ToContainTextAsync("4712");
        await Assertions.Expect(ui.Page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();
    }

    [ChromiumFact]
    public async Task Of_two_tokens_that_are_given_in_a_row_the_last_counts()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        var (first, second) = (_issuer.Token("4711"), _issuer.Token("4712"));
        using var held = new Held();
        using var heldFirst = new Held();
        await held.AtAsync(
            ui.Page, "**/queries/me*", which: request => request.Method == "HEAD" && request.Token() == second);
        await heldFirst.AtAsync(
            ui.Page, "**/queries/me*", which: request => request.Method == "HEAD" && request.Token() == first);

        await ui.StartAsync("me");
        await GiveAsync(ui, first);
        await GiveAsync(ui, second);
        var told = ui.Page.WaitForResponseAsync(response => response.Request.Method == "HEAD");
        heldFirst.Release();
        await told;
        held.Release();
        await ui.UntilAsync("Complete");
        await Assertions.Expect(ui.Page.Locator("#who")).ToContainTextAsync("4712");
    }

    [ChromiumFact]
    public async Task A_token_that_was_changed_in_advance_is_taken_when_the_one_before_has_ended()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        var (before, now) = (_issuer.Token("4711"), _issuer.Token("4711", claims => claims["name"] = "Anna"));
        using var held = new Held();
        await ui.Page.RouteAsync("**/queries/paced*", route => EndingAsync(route, before, held));
        await SignInAsync(ui, before);
        await ui.StartAsync("paced");

        await SignInAsync(ui, now, "Change the token…");
        held.Release();
        await ui.UntilAsync("Complete");
        Assert.Equal(2, await ui.RowsAsync());
        await Assertions.Expect(ui.Page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();

        // One that the server does not take for this query is no reason to end: it is asked for another.
        using var again = new Held();
        var other = _issuer.Token(claims: claims => claims["roles"] = "writer");
        await ui.Page.RouteAsync(
            "**/queries/paced*",
            route => route.Request.Token() == other ? route.ContinueAsync() : EndingAsync(route, now, again));
        await ui.StartAsync("paced");
        await SignInAsync(ui, other, "Change the token…");
        again.Release();
        await GiveAsync(ui, before);
        await ui.UntilAsync("Complete");
        Assert.Equal(2, await ui.RowsAsync());
    }

    [ChromiumFact]
    public async Task Whoever_asks_for_a_token_while_one_is_asked_for_gets_the_same_and_what_is_typed_stays()
    {
        await using var ui = await UiPage.OpenAsync(chromium, _api);
        var (before, now) = (_issuer.Token("4711"), _issuer.Token("4711", claims => claims["name"] = "Anna"));
        using var run = new Held();
        using var file = new Held();
        await ui.Page.RouteAsync("**/queries/paced*", async route =>
        {
            if (!route.Request.Url.Contains("download", StringComparison.Ordinal))
            {
                await EndingAsync(route, before, run);
            }
            else if (route.Request.Token() == before)
            {
                await file.Released;
                await route.FulfillAsync(new() { Status = 401 });
            }
            else
            {
                await route.FulfillAsync(new() { ContentType = "text/csv", Body = "id\r\n" });
            }
        });
        await SignInAsync(ui, before);
        await ui.StartAsync("paced");
        await ui.Page.ClickAsync("#download");
        run.Release();
        await ui.Page.GetByLabel("Access token", new() { Exact = true }).FillAsync(now);
        var refused = ui.Page.WaitForResponseAsync(response => response.Status == 401);
        file.Release();
        await refused;
        await Assertions.Expect(ui.Page.Locator("#token-reason")).ToContainTextAsync("does not take");
        await Task.Delay(300);
        await Assertions.Expect(ui.Page.Locator("#token")).ToHaveValueAsync(now);
        await ui.Page.RunAndWaitForDownloadAsync(() => ui.Page.Keyboard.PressAsync("Enter"));
        await ui.UntilAsync("Complete");
        Assert.Equal(2, await ui.RowsAsync());
    }

    [ChromiumFact]
    public async Task Signing_in_works_with_the_keyboard_a_screen_reader_and_a_narrow_screen()
    {
        await using var ui = await UiPage.OpenAsync(
            chromium, _api, new() { ViewportSize = new() { Width = 320, Height = 740 } });
        await ui.Page.EvaluateAsync(await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "ui", "node_modules", "axe-core", "axe.min.js")));

        await ui.Page.FocusAsync("#sign-in");
        await ui.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(ui.Page.Locator("#token")).ToBeFocusedAsync();
        await GiveAsync(ui, "none");
        await Assertions.Expect(ui.Page.Locator("#token")).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(ui.Page.Locator("#token")).ToBeFocusedAsync();
        await CheckAsync();
        await ui.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(ui.Page.Locator("#sign-in")).ToBeFocusedAsync();

        await ui.Page.Keyboard.PressAsync("Enter");
        await GiveAsync(ui, _issuer.Token(new string('s', 200), claims => claims["name"] = new string('n', 200)));
        await Assertions.Expect(ui.Page.Locator("#who")).ToContainTextAsync("nnn… (sss");
        await CheckAsync();

        async Task CheckAsync()
        {
            Assert.Equal(320, await ui.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await ui.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
                Assert.Equal("", await AccessibilityTests.ViolationsAsync(ui));
            }
        }
    }

    private static async Task GiveAsync(UiPage ui, string token)
    {
        await ui.Page.GetByLabel("Access token", new() { Exact = true }).FillAsync(token);
        await ui.Page.Keyboard.PressAsync("Enter");
    }

    private static async Task SignInAsync(UiPage ui, string token, string button = "Sign in…")
    {
        await ui.ClickAsync(button);
        await GiveAsync(ui, token);
        await Assertions.Expect(ui.Page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();
    }

    /// <summary>A stream of two rows, which with one token ends after the first of them, once it is let go.</summary>
    private static async Task EndingAsync(IRoute route, string token, Held held)
    {
        if (route.Request.Method == "HEAD")
        {
            await route.ContinueAsync();
            return;
        }

        const string Over = """{"error":{"type":"urn:chunkstream:access-expired","status":401,"detail":"It ended."}}""";
        if (!route.Request.Url.Contains("resume=", StringComparison.Ordinal))
        {
            await held.Released;
            await route.StreamAsync("""{"row":{"id":1}}""", """{"checkpoint":"1"}""", Over);
            return;
        }

        if (route.Request.Token() == token)
            await route.FulfillAsync(new() { Status = 401 });
        else
            await route.StreamAsync(
                """{"row":{"id":2}}""", """{"checkpoint":"2"}""", """{"end":{"rows":1,"continue":null}}""");
    }

    private static Task<int[]> SeenAsync(UiPage ui) => ui.Page.EvaluateAsync<int[]>("window.seen");
}
