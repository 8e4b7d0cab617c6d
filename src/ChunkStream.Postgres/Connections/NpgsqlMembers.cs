using System.Net.Sockets;
using System.Reflection;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The members of Npgsql that are not public and that we can't do without: it has no public way to close a connection
/// that is at work, nor to look at a message before it is taken into memory. The package is bounded to the minor
/// version whose members these are.
/// </summary>
internal sealed class NpgsqlMembers
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly AssemblyName _driver;
    private readonly List<string> _missing = [];

    /// <summary>Looks for the members, from the class of connections on.</summary>
    /// <param name="connection">The driver's class of connections.</param>
    public NpgsqlMembers(Type connection)
    {
        _driver = connection.Assembly.GetName();
        Connector = Property(connection, "Connector");
        var connector = TypeOf(Connector);
        Break = Method(connector, "Break", [typeof(Exception), typeof(bool)]);
        Socket = Field(connector, "_socket", typeof(Socket));
        ReadBuffer = Property(connector, "ReadBuffer");
        var buffer = TypeOf(ReadBuffer);
        Underlying = Property(buffer, "Underlying");
        Unread = Property(buffer, "Span");
    }

    /// <summary>The members of the Npgsql that this process has loaded.</summary>
    public static NpgsqlMembers Loaded { get; } = new(typeof(NpgsqlConnection));

    /// <summary>The physical connection behind a connection.</summary>
    public PropertyInfo Connector { get; }

    /// <summary>
    /// Says that the physical connection is broken. Only the thread may call it that uses the connection.
    /// </summary>
    public MethodInfo Break { get; }

    /// <summary>The connection's socket, which any thread may close at any moment.</summary>
    public FieldInfo Socket { get; }

    /// <summary>What has been received.</summary>
    public PropertyInfo ReadBuffer { get; }

    /// <summary>The stream that the buffer is filled from.</summary>
    public PropertyInfo Underlying { get; }

    /// <summary>The part of the buffer that is not read yet.</summary>
    public PropertyInfo Unread { get; }

    /// <summary>
    /// What Npgsql's own metrics call a pool: the name that its builder had, else its connection string. Null where
    /// this driver does not tell, which is no reason to refuse it.
    /// </summary>
    public static string? NameOf(NpgsqlDataSource pool)
        => typeof(NpgsqlDataSource).GetProperty("Name", Instance)?.GetValue(pool) as string;

    /// <summary>Fails if members are missing. An app calls it when it starts.</summary>
    /// <exception cref="NotSupportedException">This version of the driver lacks some of the members.</exception>
    public void ThrowIfMissing()
    {
        if (_missing.Count > 0)
        {
            throw new NotSupportedException(
                $"ChunkStream.Postgres can't use {_driver.Name} {_driver.Version}: "
                + $"it lacks {string.Join(", ", _missing)}. Use the version that the package asks for.");
        }
    }

    private static Type? TypeOf(PropertyInfo? property) => property?.PropertyType;

    private PropertyInfo Property(Type? type, string name) => Known(type?.GetProperty(name, Instance), type, name);

    private MethodInfo Method(Type? type, string name, Type[] parameters)
        => Known(type?.GetMethod(name, Instance, parameters), type, name);

    private FieldInfo Field(Type? type, string name, Type value)
        => Known(
            type?.GetField(name, Instance) is { } field && value.IsAssignableTo(field.FieldType) ? field : null,
            type,
            name);

    // If a member is missing, those that are reached through it are, too. Only the first one is named.
    private T Known<T>(T? member, Type? type, string name)
        where T : MemberInfo
    {
        if (member is null && type is not null)
            _missing.Add($"{type.Name}.{name}");
        return member!;
    }
}
