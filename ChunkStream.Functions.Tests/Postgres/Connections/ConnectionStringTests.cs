using System.ComponentModel;
using System.Reflection;
using ChunkStream.Postgres.Connections;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

public sealed class ConnectionStringTests
{
    private const string Password = "s3cret@/?;'% Ω=";

    [Fact]
    public void Every_setting_that_Npgsql_has_is_either_taken_or_forced()
    {
        var settings = typeof(NpgsqlConnectionStringBuilder)
            .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(property => property.GetCustomAttribute<DisplayNameAttribute>()?.DisplayName).OfType<string>()
            .ToArray();

        Assert.True(settings.Length > 50);
        Assert.All(settings, setting => Assert.True(
            ConnectionSettings.AsGiven.Contains(setting) ^ ConnectionSettings.Forced.ContainsKey(setting),
            $"What becomes of '{setting}' is not decided."));
        Assert.All(
            ConnectionSettings.AsGiven.Concat(ConnectionSettings.Forced.Keys),
            known => Assert.Contains(known, settings));
    }

    [Fact]
    public void What_has_one_right_value_gets_it_whatever_is_given()
    {
        var settings = ConnectionString.Read(
            "Host=h;Max Auto Prepare=20;Auto Prepare Min Usages=1;Multiplexing=true;"
            + "Client Encoding=LATIN1;Encoding=iso-8859-1;Enlist=true;"
            + "Command Timeout=7;Cancellation Timeout=5;Keepalive=9;Load Table Composites=true;"
            + "Server Compatibility Mode=NoTypeLoading;Array Nullability Mode=Always");

        foreach (var (name, value) in ConnectionSettings.Forced)
            Assert.Equal(
                value.ToString(), settings.TryGetValue(name, out var given) ? given.ToString() : value.ToString());
        Assert.True(settings.TcpKeepAlive);
        Assert.Equal(9, settings.TcpKeepAliveTime);
    }

    [Theory]
    [InlineData("postgres://", "Host=localhost")]
    [InlineData("postgresql://h", "Host=h")]
    [InlineData("postgres://me@h/d", "Host=h;Username=me;Database=d")]
    [InlineData(
        "POSTGRES://me:p%40%2F%3F%25w@h:5433/d%20b?sslmode=verify-full",
        "Host=h;Port=5433;Username=me;Password=p@/?%w;Database=d b;SSL Mode=VerifyFull")]
    [InlineData("postgres://me:a:b@h", "Host=h;Username=me;Password=a:b")]
    [InlineData("postgres://[2001:db8::1]:5433/d", "Host=2001:db8::1;Port=5433;Database=d")]
    [InlineData(
        "postgres://one:5433,two,[::1]:5434/d?target_session_attrs=read-write",
        "Host=\"one:5433,two,[::1]:5434\";Database=d;Target Session Attributes=read-write")]
    [InlineData(
        "postgres:///d?host=%2Fvar%2Frun%2Fpostgresql&user=me&connect_timeout=5",
        "Host=/var/run/postgresql;Database=d;Username=me;Timeout=5")]
    [InlineData(
        "postgres://h/d?ssl=true&application_name=a%20b&Maximum%20Pool%20Size=7&channel_binding=require",
        "Host=h;Database=d;SSL Mode=Require;Application Name=a b;Maximum Pool Size=7;Channel Binding=Require")]
    [InlineData(
        "postgres://h/d?options=-c%20geqo%3Doff&keepalives=1&keepalives_idle=30",
        "Host=h;Database=d;Options=-c geqo=off;TCP Keepalive=true;TCP Keepalive Time=30")]
    public void A_URI_says_the_same_as_its_settings(string uri, string settings)
        => Assert.Equal(
            ConnectionString.Read(settings).ConnectionString.Split(';').Order(),
            ConnectionString.Read(uri).ConnectionString.Split(';').Order());

    [Theory]
    [InlineData("Host=h;Port=many", "'Port' can't have the value that it is given: it is a whole number")]
    [InlineData("Host=h;Port=0", "'Port'")]
    [InlineData("Host=h;SSL Mode=maybe", "one of Disable, Allow, Prefer, Require, VerifyCA, VerifyFull")]
    [InlineData("Host=h;Pooling=perhaps", "true or false")]
    [InlineData("Host=h;Usrname=me", "no. 2 has a name that is not known: is 'Username' meant?")]
    [InlineData("Host=h;Nonsense=1;Pasword=2", "no. 2 has a name that is not known (")]
    [InlineData("Username=me", "'Host' is missing")]
    [InlineData("Host=h;Minimum Pool Size=9;Maximum Pool Size=3", "'Minimum Pool Size' is above 'Maximum Pool Size'")]
    [InlineData("mydatabase", "not a list of Name=Value")]
    [InlineData("postgres://me:p@h:many/d", "port")]
    [InlineData("postgres://me:p%zz@h/d", "%25")]
    [InlineData("postgres://[::1/d", "]")]
    [InlineData("postgres://h/d?sslmode=maybe", "'SSL Mode'")]
    public void A_mistake_is_named_with_what_is_allowed(string text, string words)
        => Assert.Contains(
            words, Assert.Throws<ConnectionStringException>(() => ConnectionString.Read(text)).Message,
            StringComparison.OrdinalIgnoreCase);

    [Theory]
    [InlineData("Host=h;Password={0}")]
    [InlineData("Host=h;Password={0};Port=x")]
    [InlineData("Password={0};Host=h;Nonsense=1")]
    [InlineData("Host=h;{0}=1")]
    [InlineData("Host=h;Port={0}")]
    [InlineData("Host=h;SSL Mode={0}")]
    [InlineData("postgres://me:{0}@h/d")]
    [InlineData("postgres://me:{0}@h:x/d")]
    [InlineData("postgres://me:{0}@h/d?nonsense=1")]
    [InlineData("postgres:/me:{0}@h/d")]
    [InlineData("postgres://h/d?{0}=1&port=x")]
    [InlineData("mysql://me:{0}@h/d")]
    [InlineData("{0}")]
    public void No_message_repeats_any_part_of_a_password(string form)
    {
        string[] passwords =
        [
            Password, "top;hush", "top=hush", "top\"hush", "top'hush;", "top@hush", "top/hush", "12/hush@x",
            "12?hush@x", "top%hush", "top:hush", "top#hush", "hush",
        ];
        foreach (var password in passwords)
        {
            try
            {
                ConnectionString.Read(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, password));
            }
            catch (Exception failure)
            {
                Assert.IsType<ConnectionStringException>(failure);
                Assert.DoesNotContain("hush", failure.ToString(), StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain("s3cret", failure.ToString(), StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain("Ω", failure.ToString(), StringComparison.OrdinalIgnoreCase);
            }
        }
    }
}
